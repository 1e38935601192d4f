// Multi-Krum: the weighted mean of the n - f - 2 updates with the best Krum scores. Blanchard et al. 2017, section 4;
// the number is the largest that El Mhamdi et al. 2020 ("Fast and Secure Distributed Learning in High Dimension") prove
// for n > 2f + 2. The chosen updates keep their sample counts as weights.
import { krumRanking } from "./krum-scores.ts";
import type { Strategy } from "./strategy.ts";

export const multiKrum: Strategy<"multi-krum"> = {
  name: "multi-krum",
  requiredUpdates: ({ byzantine }) => 2 * byzantine + 3,
  weigh(distances, weights, { byzantine }) {
    const ranking = krumRanking(distances, [...weights.keys()], byzantine);
    const chosen = new Set(ranking.slice(0, weights.length - byzantine - 2));
    return weights.map((weight, position) => (chosen.has(position) ? weight : 0));
  },
};

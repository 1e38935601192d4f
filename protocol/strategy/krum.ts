// Krum: the one update that is closest to its neighbours. Blanchard et al. 2017, "Machine Learning with Adversaries:
// Byzantine Tolerant Gradient Descent", section 4; proven for n > 2f + 2.
import { krumRanking } from "./krum-scores.ts";
import type { Strategy } from "./strategy.ts";

export const krum: Strategy<"krum"> = {
  name: "krum",
  requiredUpdates: ({ byzantine }) => 2 * byzantine + 3,
  weigh(distances, weights, { byzantine }) {
    const [best] = krumRanking(distances, [...weights.keys()], byzantine);
    return weights.map((_, position) => (position === best ? 1 : 0));
  },
};

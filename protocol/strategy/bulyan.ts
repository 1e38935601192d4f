// Bulyan: Krum picks n - 2f updates one by one, then each coordinate averages the n - 4f of their values that are
// closest to their median. El Mhamdi et al. 2018, "The Hidden Vulnerability of Distributed Learning in Byzantium",
// section 4; proven for n >= 4f + 3.
import { krumRanking } from "./krum-scores.ts";
import { doubledMedian, forEachSorted } from "./sorted-columns.ts";
import type { Strategy } from "./strategy.ts";

export const bulyan: Strategy<"bulyan"> = {
  name: "bulyan",
  requiredUpdates: ({ byzantine }) => 4 * byzantine + 3,
  weigh(distances, weights, { byzantine }) {
    let candidates = [...weights.keys()];
    const chosen = new Set<number>();
    while (chosen.size < weights.length - 2 * byzantine) {
      const [best] = krumRanking(distances, candidates, byzantine) as [number];
      chosen.add(best);
      candidates = candidates.filter((position) => position !== best);
    }
    return weights.map((_, position) => (chosen.has(position) ? 1 : 0));
  },
  combine(columns, mean, { byzantine }) {
    const kept = columns.length - 2 * byzantine;
    forEachSorted(columns, (sorted, coordinate) => {
      const doubled = doubledMedian(sorted);
      // Sorted values closest to the median are neighbours: slide their window while the next one is closer.
      let start = 0;
      while (start + kept < sorted.length && 2 * sorted[start + kept]! - doubled < doubled - 2 * sorted[start]!) {
        start++;
      }
      let sum = 0;
      for (let place = start; place < start + kept; place++) sum += sorted[place]!;
      mean[coordinate] = sum / kept;
    });
  },
};

// Coordinate-wise median. Yin et al. 2018, "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates",
// definition 1 and option I. Fewer than half of the hospitals cannot move any coordinate beyond the honest ones' range.
import { doubledMedian, forEachSorted } from "./sorted-columns.ts";
import type { Strategy } from "./strategy.ts";

export const median: Strategy<"median"> = {
  name: "median",
  requiredUpdates: () => 1,
  combine(columns, mean) {
    forEachSorted(columns, (sorted, coordinate) => {
      mean[coordinate] = doubledMedian(sorted) / 2;
    });
  },
};

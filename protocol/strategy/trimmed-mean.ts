// Coordinate-wise trimmed mean: without the f smallest and the f largest values. Yin et al. 2018, "Byzantine-Robust
// Distributed Learning: Towards Optimal Statistical Rates", definition 2 and option II; needs n > 2f.
import { forEachSorted } from "./sorted-columns.ts";
import type { Strategy } from "./strategy.ts";

export const trimmedMean: Strategy<"trimmed-mean"> = {
  name: "trimmed-mean",
  requiredUpdates: ({ byzantine }) => 2 * byzantine + 1,
  combine(columns, mean, { byzantine }) {
    const end = columns.length - byzantine;
    forEachSorted(columns, (sorted, coordinate) => {
      let sum = 0;
      for (let place = byzantine; place < end; place++) sum += sorted[place]!;
      mean[coordinate] = sum / (end - byzantine);
    });
  },
};

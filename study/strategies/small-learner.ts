// Hospitals with a small network on the histograms of synthetic lungs: fast enough for hundreds of federations.
import { areaUnderCurve, type Prediction, scorePredictions } from "../../foundation/statistics/scores.ts";
import type { Learner } from "./attacked-federation.ts";
import type { Scan } from "./lung-histograms.ts";
import { initialWeights, predict, train, weightsFile } from "./small-network.ts";
import { weightsOf } from "./weight-vector.ts";

export interface SmallLearnerOptions {
  /** Of the first weights. */
  readonly seed: number;
  readonly localEpochs: number;
}

/** @param shards training scans of each hospital. The test is scored at the threshold 0.5. */
export function smallLearner(
  shards: readonly (readonly Scan[])[],
  test: readonly Scan[],
  { seed, localEpochs }: SmallLearnerOptions,
): Learner {
  return {
    sampleCounts: shards.map(({ length }) => length),
    genesis: () => weightsFile(initialWeights(seed)),
    async train(base, { hospital, flipped }) {
      const scans = shards[hospital] ?? [];
      const shown = flipped ? scans.map((scan) => ({ ...scan, label: (1 - scan.label) as 0 | 1 })) : scans;
      return weightsFile(train(weightsOf(base), shown, { epochs: localEpochs }));
    },
    async score(model) {
      const weights = weightsOf(model);
      const predictions = test.map((scan, index): Prediction => {
        return { patient: String(index), label: scan.label, score: predict(weights, scan) };
      });
      return {
        balancedAccuracy: scorePredictions(predictions, 0.5).balancedAccuracy.value,
        auc: areaUnderCurve(predictions).value,
      };
    },
  };
}

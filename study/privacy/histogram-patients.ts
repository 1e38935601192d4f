// Hospitals of the study of privacy with a small network on histograms of lung density: hundreds of steps take seconds.
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import { PatientSum, sampledPatients } from "../../protocol/private/patient-sum.ts";
import { updateLayout } from "../../protocol/update/update-layout.ts";
import type { Scan } from "../strategies/lung-histograms.ts";
import { addGradient, initialWeights, parameters, predict, weightsFile } from "../strategies/small-network.ts";
import { weightsOf } from "../strategies/weight-vector.ts";
import type { PatientLearner } from "./noisy-federation.ts";

/** @param shards training patients of each hospital @param seed of the first weights */
export function histogramPatients(shards: readonly (readonly Scan[])[], seed: number): PatientLearner {
  return {
    hospitals: shards.length,
    genesis: () => weightsFile(initialWeights(seed)),
    async sumPatients(hospital, { plan, base, coins }) {
      const { segments, coordinates } = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
      const exponents = new Int8Array(coordinates);
      for (const { start, length, exponent } of segments) exponents.fill(exponent, start, start + length);
      const { patient, largest } = plan.privacy!;
      const sum = new PatientSum(exponents, { ...patient!, largest }, coins);
      const weights = weightsOf(base);
      const rate = -plan.training.optimiser.learningRate / plan.training.batchSize;
      for (const scan of sampledPatients(shards[hospital]!, patient!, coins)) {
        const change = new Float64Array(parameters);
        addGradient(weights, scan, rate, change);
        sum.add(change);
      }
      return sum.integers();
    },
  };
}

/** Scores of patients by a model of the small network. */
export function histogramScores(model: Uint8Array, scans: readonly Scan[]): Prediction[] {
  const weights = weightsOf(model);
  return scans.map((scan, index) => ({ patient: String(index), label: scan.label, score: predict(weights, scan) }));
}

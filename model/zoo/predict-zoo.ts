// Scores of patients by a comparison network: the mean probability over a scan's slices, then over a patient's scans.
import { FedError } from "../../foundation/errors.ts";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { viewsOf } from "../network/views.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { loadBatch } from "../training/batch.ts";
import type { TrainingSet } from "../training/training-set.ts";
import type { ZooModel } from "./zoo-model.ts";

/**
 * @param mirror whether the mean with each scan's mirror image counts
 * @returns one prediction a patient, in the order of the set's scans
 * @throws DATA_SHAPE_MISMATCH; ABORTED
 */
export async function predictZoo(
  model: ZooModel,
  data: TrainingSet,
  { batchSize = 4, mirror, signal }: { batchSize?: number; mirror?: boolean; signal?: AbortSignal } = {},
): Promise<Prediction[]> {
  const byPatient = new Map<string, { label: 0 | 1; sum: number; scans: number }>();
  for (let at = 0; at < data.scans.length; at += batchSize) {
    if (signal?.aborted) throw new FedError("ABORTED", { scans: at }, { cause: signal.reason });
    const batch = data.scans.slice(at, at + batchSize);
    const indices = batch.map((_, offset) => at + offset);
    const scores = tf.tidy(() => {
      const views = viewsOf({ mirror }, loadBatch(data, indices, model.input)).map((view) => {
        const positive = tf.softmax(model.logits(view, { training: false })).slice([0, 1], [-1, 1]); // [n * rows, 1]
        return positive.reshape([indices.length, model.rowsPerScan]).mean(1);
      });
      return tf.addN(views).div(views.length).dataSync();
    });
    for (const [place, { patient, label }] of batch.entries()) {
      const known = byPatient.get(patient) ?? { label, sum: 0, scans: 0 };
      byPatient.set(patient, { label, sum: known.sum + scores[place]!, scans: known.scans + 1 });
    }
    await new Promise(setImmediate); // lets abort events arrive
  }
  return [...byPatient].map(([patient, { label, sum, scans }]) => ({ patient, label, score: sum / scans }));
}

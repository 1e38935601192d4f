// Scores of patients: the mean over a patient's scans of how much longer the positive capsule is.
import { FedError } from "../protocol/errors.ts";
import type { Prediction } from "../protocol/scores.ts";
import { loadBatch } from "./batch.ts";
import type { Network } from "./network.ts";
import { tf } from "./tensorflow.ts";
import type { TrainingSet } from "./training-set.ts";

const batchSize = 8;

/**
 * A scan's score is p1 / (p0 + p1), p being the lengths of its class capsules: 0.5 where the paper's argmax changes sides.
 * @returns one prediction a patient, in the order of the set's scans
 * @throws FedError DATA_SHAPE_MISMATCH; ABORTED
 */
export async function evaluate(
  network: Network,
  data: TrainingSet,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Prediction[]> {
  const byPatient = new Map<string, { label: 0 | 1; scores: number[] }>();
  for (let at = 0; at < data.scans.length; at += batchSize) {
    if (signal?.aborted) throw new FedError("ABORTED", { scans: at }, { cause: signal.reason });
    const indices = Array.from({ length: Math.min(batchSize, data.scans.length - at) }, (_, offset) => at + offset);
    const lengths = tf.tidy(() => {
      const x = loadBatch(data, indices, network.spec.input);
      return network.forward(x, { training: false }).lengths.dataSync();
    });
    for (const [place, index] of indices.entries()) {
      const { patient, label } = data.scans[index] as TrainingSet["scans"][number];
      const negative = lengths[2 * place] as number;
      const positive = lengths[2 * place + 1] as number;
      const scans = byPatient.get(patient) ?? { label, scores: [] };
      scans.scores.push(positive / (negative + positive));
      byPatient.set(patient, scans);
    }
    await new Promise(setImmediate); // lets an abort be heard
  }
  return [...byPatient].map(([patient, { label, scores }]) => ({
    patient,
    label,
    score: scores.reduce((sum, score) => sum + score, 0) / scores.length,
  }));
}

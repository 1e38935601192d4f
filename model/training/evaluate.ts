// Scores patients: the mean score of a patient's scans.
import { FedError } from "../../foundation/errors.ts";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import type { Network } from "../network/network.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { countedPlaces, loadBatch } from "./batch.ts";
import { placesFor } from "./batch-pixels.ts";
import { infer } from "./infer.ts";
import type { TrainingSet } from "./training-set.ts";

/** Scans at once: 8 of few slices, so that the paper's scans of 64 slices do not fill the memory. */
const batchSizeFor = (slices: number) => Math.max(1, Math.min(8, Math.floor(64 / slices)));

/**
 * A scan's score is p1 / (p0 + p1), where p are the lengths of its class capsules; 0.5 is the paper's argmax.
 * @returns one prediction a patient, in the order of the set's scans
 * @throws DATA_SHAPE_MISMATCH; ABORTED
 */
export async function evaluate(
  network: Network,
  data: TrainingSet,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Prediction[]> {
  const byPatient = new Map<string, { label: 0 | 1; scores: number[] }>();
  const input = { ...network.spec.input, slices: placesFor(data.scans, network.spec.input.slices) };
  const batchSize = batchSizeFor(input.slices);
  for (let at = 0; at < data.scans.length; at += batchSize) {
    if (signal?.aborted) throw new FedError("ABORTED", { scans: at }, { cause: signal.reason });
    const indices = Array.from({ length: Math.min(batchSize, data.scans.length - at) }, (_, offset) => at + offset);
    // The last batch is padded with its last scan, so that one graph serves all batches.
    const filled = Array.from({ length: batchSize }, (_, place) => indices[Math.min(place, indices.length - 1)]!);
    const lengths = tf.tidy(() => {
      const counts = countedPlaces(
        filled.map((index) => data.scans[index]!),
        input.slices,
      );
      return infer(network, loadBatch(data, filled, input), counts).dataSync();
    });
    for (const [place, index] of indices.entries()) {
      const { patient, label } = data.scans[index] as TrainingSet["scans"][number];
      const negative = lengths[2 * place]!;
      const positive = lengths[2 * place + 1]!;
      const scans = byPatient.get(patient) ?? { label, scores: [] };
      scans.scores.push(positive / (negative + positive));
      byPatient.set(patient, scans);
    }
    await new Promise(setImmediate); // lets abort events arrive
  }
  return [...byPatient].map(([patient, { label, scores }]) => ({
    patient,
    label,
    score: scores.reduce((sum, score) => sum + score, 0) / scores.length,
  }));
}

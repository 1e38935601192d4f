// Scans made of noise; positive ones have a bright spot on some slices.

import { seededIntegers } from "../../foundation/random.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { ModelSpec, TrainingSpec } from "../../protocol/format/model-spec.ts";

export const smallSpec: ModelSpec = {
  preset: "compact",
  input: { slices: 4, height: 32, width: 32, channels: 1 },
  routing: { iterations: 3, variant: "sabour" },
  normalisation: "none",
  reconstruction: false,
};

export const smallTraining: TrainingSpec = {
  localEpochs: 1,
  batchSize: 4,
  optimiser: { name: "adam", learningRate: 0.002 },
  schedule: "constant",
  classWeights: true,
  augmentation: false,
  proximalMu: 0,
};

/** Every second scan is positive; scans have 4 to 7 slices. */
export function smallScans(count: number, seed = 1, { height, width } = smallSpec.input): TrainingSet {
  const next = seededIntegers("small-scans", seed);
  const scans = Array.from({ length: count }, (_, i) => ({
    patient: `p${i}`,
    label: (i % 2) as 0 | 1,
    slices: 4 + (next() % 4),
  }));
  const pixels = scans.map(({ label, slices }) => {
    const bytes = Uint8Array.from({ length: slices * height * width }, () => 60 + (next() % 60));
    const top = next() % (height - 8);
    const left = next() % (width - 8);
    if (label === 1) {
      for (let s = 1; s < slices; s++) {
        for (let y = top; y < top + 8; y++)
          bytes.fill(200, (s * height + y) * width + left, (s * height + y) * width + left + 8);
      }
    }
    return bytes;
  });
  return { scans, height, width, channels: 1, read: (index) => pixels[index]! };
}

// Always predicts the class that is more frequent in training: the baseline of every other row.

import type { Prediction } from "../../foundation/statistics/scores.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { Method } from "./method.ts";

export const majority: Method = {
  name: "majority",
  title: "always the majority",
  settings: {},
  async *run({ train, validation, test }) {
    const positives = train.scans.filter(({ label }) => label === 1).length;
    const score = 2 * positives >= train.scans.length ? 1 : 0;
    const all = ({ scans }: TrainingSet) =>
      [...new Map(scans.map(({ patient, label }) => [patient, label]))].map(([patient, label]): Prediction => {
        return { patient, label, score };
      });
    return {
      parameters: 0,
      chosen: score === 1 ? "positive" : "negative",
      validation: all(validation),
      heldOut: all(test),
    };
  },
};

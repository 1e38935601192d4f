// A hospital's training as curves for TensorBoard, from its events: the loss by step and by round, the duration, and the area
// under the curve of each proposed model on the hospital's own validation patients.
import { openScalarFile } from "../../io/telemetry/tensorboard.ts";
import type { PartyEvent } from "./party-metrics.ts";

export interface TrainingCurves {
  event(event: PartyEvent): void;
  close(): void;
}

export async function openTrainingCurves(dir: string): Promise<TrainingCurves> {
  const file = await openScalarFile(dir);
  return {
    event({ event, round = 0, step = 0, steps = 0, loss, seconds, auc }) {
      if (event === "training" && loss !== undefined) file.scalar("training/loss", (round - 1) * steps + step, loss);
      if (event === "trained") {
        if (loss !== undefined) file.scalar("round/loss", round, loss);
        if (seconds !== undefined) file.scalar("round/training_seconds", round, seconds);
      }
      if (event === "scored" && auc !== undefined) file.scalar("round/validation_auc", round, auc);
    },
    close: () => file.close(),
  };
}

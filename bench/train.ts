// A training step of both presets against Python TensorFlow: same weights, batch, optimiser and cores.
import { benchPresets } from "./model/presets.ts";
import type { BenchResult } from "./result.ts";

export const run = (): Promise<BenchResult> => benchPresets("train", "step");

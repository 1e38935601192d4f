// Inference of each preset against Python TensorFlow: same weights, batch and cores.
import { benchPresets } from "./model/presets.ts";
import type { BenchResult } from "./result.ts";

export const run = (): Promise<BenchResult> => benchPresets("infer", "infer");

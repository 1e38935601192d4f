// A training step of each preset against Python TensorFlow: same weights, batch, optimiser and cores.
import { openTrainerProcess } from "../node/learner-process.ts";
import { benchPresets } from "./model/presets.ts";
import type { BenchResult } from "./result.ts";

export async function run(): Promise<BenchResult> {
  console.error(`a trainer process answers ${(await startUpSeconds()).toFixed(2)} s after its start`);
  return benchPresets("train", "step");
}

/** Fastest of three: from the fork to the answer, that there is no such shard, of a process with TensorFlow loaded. */
async function startUpSeconds(): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3; turn++) {
    const trainer = openTrainerProcess();
    const started = performance.now();
    await trainer
      .learner({ shard: "/no-such-shard" })
      .shard()
      .catch(() => {});
    fastest = Math.min(fastest, (performance.now() - started) / 1000);
    await trainer.close();
  }
  return fastest;
}

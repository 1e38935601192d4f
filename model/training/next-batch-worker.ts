// The worker thread that makes batches: receives bytes of scans and sends pixels.
import { parentPort } from "node:worker_threads";
import { seededIntegers } from "../../foundation/random.ts";
import { batchPixels } from "./batch-pixels.ts";
import type { BatchMade, BatchWanted } from "./next-batch.ts";

parentPort?.on("message", ({ id, scans, input, draw }: BatchWanted) => {
  const { seed, step, augmentation } = draw;
  // Derived from the step, so that a resumed training makes the same random choices.
  const next = seededIntegers(seed, "step", step);
  const pixels = batchPixels(scans, input, { next, pixels: augmentation });
  parentPort?.postMessage({ id, pixels } satisfies BatchMade, [pixels.buffer]);
});

// The thread that makes batches: bytes of scans in, pixels out, one message after the other.
import { parentPort } from "node:worker_threads";
import { seededIntegers } from "../../foundation/random.ts";
import { batchPixels } from "./batch-pixels.ts";
import type { BatchMade, BatchWanted } from "./next-batch.ts";

parentPort?.on("message", ({ id, scans, input, draw }: BatchWanted) => {
  const { seed, step, augmentation } = draw;
  // Of the step, not of the training: a resumed training draws the same.
  const next = seededIntegers(seed, "step", step);
  const pixels = batchPixels(scans, input, { next, pixels: augmentation });
  parentPort?.postMessage({ id, pixels } satisfies BatchMade, [pixels.buffer]);
});

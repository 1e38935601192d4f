// The worker thread that makes batches: receives bytes of scans and sends pixels.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { seededIntegers } from "../../foundation/random.ts";
import { serveTasks } from "../../foundation/worker-tasks.ts";
import { batchPixels } from "./batch-pixels.ts";
import type { BatchTask } from "./next-batch.ts";

serveTasks<BatchTask, Float32Array<ArrayBuffer>>({
  async perform({ scans, input, draw: { seed, step, augmentation, mirror } }, send) {
    // Derived from the step, so that a resumed training makes the same random choices.
    const next = seededIntegers(seed, "step", step);
    const pixels = batchPixels(scans, input, { next, pixels: augmentation, mirror });
    await send(pixels, { isLast: true, transfer: [pixels.buffer] });
  },
  refusal: (error) => (isFedError(error) ? error : new FedError("BATCH_FAILED", { name: (error as Error).name })),
});

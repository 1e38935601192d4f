// Makes the next batch in a worker thread while TensorFlow runs a step, which blocks the main thread.
import { moduleBeside } from "../../foundation/module-beside.ts";
import { openWorkerPool } from "../../foundation/worker-pool.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import type { RawScan } from "./batch-pixels.ts";

/** What decides the random choices of a batch. */
export interface Draw {
  readonly seed: number;
  readonly step: number;
  readonly augmentation: boolean;
  readonly mirror?: boolean;
}

export interface BatchTask {
  readonly scans: readonly RawScan[];
  readonly input: ModelSpec["input"];
  readonly draw: Draw;
}

/** One thread for the whole process; it does not keep the process alive. */
const batches = openWorkerPool<BatchTask, Float32Array<ArrayBuffer>>({
  entry: moduleBeside("./next-batch-worker", import.meta.url),
  workers: 1,
  settings: undefined,
  keepsProcess: false,
  errors: { died: "BATCH_FAILED", timedOut: "BATCH_FAILED", closed: "BATCH_FAILED", notSent: "BATCH_FAILED" },
});

/**
 * The pixels of a step's batch, [scans, slices, height, width, channels] in [0, 1].
 *
 * @throws BATCH_FAILED
 */
export function makeBatch(scans: readonly RawScan[], input: ModelSpec["input"], draw: Draw): Promise<Float32Array> {
  const copies = scans.map(({ slices, pixels }) => ({ slices, pixels: new Uint8Array(pixels) }));
  return batches.run({ scans: copies, input, draw }, { transfer: copies.map(({ pixels }) => pixels.buffer) });
}

/** Yields each item with the result of its work; the next item's work has already begun. */
export async function* oneAhead<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<[Item, Result]> {
  let before: [Item, Promise<Result>] | undefined;
  for (const item of items) {
    const result = work(item);
    result.catch(() => {}); // reported when it is awaited
    if (before) yield [before[0], await before[1]];
    before = [item, result];
  }
  if (before) yield [before[0], await before[1]];
}

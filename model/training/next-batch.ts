// Makes the next batch in a worker thread while TensorFlow runs a step, which blocks the main thread.
import { Worker } from "node:worker_threads";
import { FedError } from "../../foundation/errors.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import type { RawScan } from "./batch-pixels.ts";

/** What decides the random choices of a batch. */
export interface Draw {
  readonly seed: number;
  readonly step: number;
  readonly augmentation: boolean;
}

export interface BatchWanted {
  readonly id: number;
  readonly scans: readonly RawScan[];
  readonly input: ModelSpec["input"];
  readonly draw: Draw;
}

export interface BatchMade {
  readonly id: number;
  readonly pixels: Float32Array<ArrayBuffer>;
}

interface Waiting {
  readonly resolve: (pixels: Float32Array) => void;
  readonly reject: (error: FedError) => void;
}

const waiting = new Map<number, Waiting>();
let worker: Worker | undefined;
let lastId = 0;

/** One thread for the whole process; it does not keep the process alive. */
function start(): Worker {
  const started = new Worker(new URL("./next-batch-worker.ts", import.meta.url), {
    execArgv: ["--disable-warning=ExperimentalWarning"], // without the program's own Node options
  });
  started.unref();
  started.on("message", ({ id, pixels }: BatchMade) => {
    waiting.get(id)?.resolve(pixels);
    settle(id);
  });
  started.on("error", (cause) => {
    worker = undefined;
    for (const [id, { reject }] of waiting) {
      reject(new FedError("BATCH_FAILED", {}, { cause, remedy: "look for a lack of memory" }));
      settle(id);
    }
  });
  return started;
}

function settle(id: number): void {
  waiting.delete(id);
  if (waiting.size === 0) worker?.unref();
}

/**
 * The pixels of a step's batch, [scans, slices, height, width, channels] in [0, 1].
 * @throws BATCH_FAILED
 */
export function makeBatch(scans: readonly RawScan[], input: ModelSpec["input"], draw: Draw): Promise<Float32Array> {
  worker ??= start();
  worker.ref();
  const id = ++lastId;
  const copies = scans.map(({ slices, pixels }) => ({ slices, pixels: new Uint8Array(pixels) }));
  const message: BatchWanted = { id, scans: copies, input, draw };
  worker.postMessage(
    message,
    copies.map(({ pixels }) => pixels.buffer),
  );
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
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

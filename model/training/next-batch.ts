// The next batch is made in a thread of its own while TensorFlow runs a step and JavaScript stands still.
import { Worker } from "node:worker_threads";
import { FedError } from "../../foundation/errors.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import type { RawScan } from "./batch-pixels.ts";

/** What a batch's random choices hang on. */
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

/** One thread serves the whole process, and does not keep it from ending. */
function start(): Worker {
  const started = new Worker(new URL("./next-batch-worker.ts", import.meta.url), {
    execArgv: ["--disable-warning=ExperimentalWarning"], // and nothing that was meant for the program itself
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

/** Each item with what its work came to; the work of the next one has begun by then. */
export async function* oneAhead<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<[Item, Result]> {
  let before: [Item, Promise<Result>] | undefined;
  for (const item of items) {
    const result = work(item);
    result.catch(() => {}); // heard when its turn comes, or not at all
    if (before) yield [before[0], await before[1]];
    before = [item, result];
  }
  if (before) yield [before[0], await before[1]];
}

// A thread that reads and decodes one DICOM file after the other; if a file kills it, that file alone is lost.
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { FedError, isFedError } from "../../protocol/errors.ts";
import { decodeFrames } from "./decode-frames.ts";
import { type DicomSource, type FromWorker, type ToWorker, type WorkerData, writeInstance } from "./decode-messages.ts";
import { readInstance, readInstanceHeader } from "./read-instance.ts";
import { tooLarge } from "./refusals.ts";

const { limits, framesAhead, current } = workerData as WorkerData;
const port = parentPort!;
/** Frames that may still be sent of the file in work. */
let credit = 0;
let wake = () => {};
const stopped = new Set<number>();
/** Tasks that came and were not begun yet. */
let queued = 0;
let work: Promise<void> = Promise.resolve();

port.on("message", (message: ToWorker) => {
  if (message.kind === "taken") credit++;
  else if (message.kind === "stop") stopped.add(message.task);
  else {
    queued++;
    work = work.then(() => perform(message));
  }
  wake();
});

async function perform(message: Extract<ToWorker, { source: unknown }>): Promise<void> {
  const { task } = message;
  queued--;
  Atomics.store(current, 0, task);
  try {
    if (message.kind === "header")
      sayLater({ kind: "header", task, instance: writeInstance(readHeader(message.source)) });
    else await decode(message);
  } catch (error) {
    // What is no FedError may quote the file or its path, so its name is all that is told.
    const refusal = isFedError(error) ? error : unreadable(reasonOf(error));
    sayLater({ kind: "refused", task, code: refusal.code, facts: refusal.facts, remedy: refusal.remedy });
  }
}

async function decode({ task, source, into }: Extract<ToWorker, { kind: "decode" }>): Promise<void> {
  const file = readInstance("path" in source ? readWhole(source.path) : source.bytes, limits);
  const count = file.instance.frames.length;
  credit = framesAhead;
  let index = 0;
  for await (const hu of decodeFrames(file, into)) {
    while (credit === 0 && !stopped.has(task)) await new Promise<void>((resolve) => (wake = resolve));
    if (stopped.delete(task)) return say({ kind: "stopped", task });
    credit--;
    const first = index === 0 && { instance: writeInstance(file.instance) };
    const isLast = ++index === count;
    // A file of which frames were told before cannot be given to another worker: its end must not wait.
    const tell = count === 1 ? sayLater : say;
    if (hu.buffer instanceof ArrayBuffer)
      tell({ kind: "frame", task, ...first, hu: hu as Int16Array<ArrayBuffer>, isLast }, [hu.buffer]);
    else tell({ kind: "frame", task, ...first, isLast });
  }
}

const MOST_HELD = 4;
const MOST_HELD_MS = 5;
let held: FromWorker[] = [];
let heldBuffers: ArrayBuffer[] = [];
let heldSince = 0;

function say(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage([...held, message], [...heldBuffers, ...transfer]);
  held = [];
  heldBuffers = [];
}

/** Waking the other thread costs as much as reading a file: the ends of small ones wait for each other, if more follow. */
function sayLater(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  if (held.length === 0) heldSince = performance.now();
  if (queued < 2 || held.length >= MOST_HELD || performance.now() - heldSince > MOST_HELD_MS) {
    say(message, transfer);
    return;
  }
  held.push(message);
  heldBuffers.push(...transfer);
}

/** The header from the file's first bytes, or from more of them until it is whole. */
function readHeader(source: DicomSource) {
  if ("bytes" in source) return readInstanceHeader(source.bytes, limits);
  for (const bytes of [FIRST_BYTES, SCRATCH_BYTES]) {
    try {
      return readInstanceHeader(readWhole(source.path, bytes), limits);
    } catch (error) {
      if (!isFedError(error, "DICOM_TRUNCATED")) throw error;
    }
  }
  return readInstanceHeader(readWhole(source.path), limits);
}

const FIRST_BYTES = 2 ** 16;
const SCRATCH_BYTES = 2 ** 23;
/** Slices fit in here, so that no memory is asked for and given back with each of them. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** A file's bytes, or its first ones; those of a file of less than 8 MiB are valid until the next call. */
function readWhole(path: string, atMost = Number.POSITIVE_INFINITY): Buffer {
  // Without blocking: nobody may ever write to a pipe that lies among the files, and nothing ends a thread that waits.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw unreadable("not a file");
    const { size } = status;
    if (size > limits.maxFileBytes) throw tooLarge("file bytes", size, limits.maxFileBytes);
    const wanted = Math.min(size, atMost);
    if (wanted > scratch.length) return readFileSync(file);
    let filled = 0;
    for (let read = -1; filled < wanted && read !== 0; filled += read)
      read = readSync(file, scratch, filled, wanted - filled, filled);
    return scratch.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}

function unreadable(reason: string): FedError {
  return new FedError("DICOM_UNREADABLE", { reason }, { remedy: "check that the file is there and may be read" });
}

function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === "string" ? code : String(name);
}

say({ kind: "ready" });

// A thread that reads and decodes one DICOM file after the other; if a file kills it, that file alone is lost.
import { parentPort, workerData } from "node:worker_threads";
import { isFedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { type Plane, type Reduction, reduceFrame } from "../volume/geometry.ts";
import { frameMemory } from "../volume/shrink-pixels.ts";
import type { CtInstance } from "./ct-instance.ts";
import { decodeFrame, decodeFrames } from "./decode-frames.ts";
import {
  type DicomSource,
  type FromWorker,
  type SharedHu,
  type ToWorker,
  type WorkerData,
  writeInstance,
} from "./decode-messages.ts";
import { readFileHeader, unreadable, withDicomFile } from "./open-file.ts";
import { type DicomFile, readInstance, readInstanceHeader } from "./read-instance.ts";

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
  } finally {
    if ("bytes" in message.source) giveBack(message.source.bytes);
  }
}

async function decode(message: Extract<ToWorker, { kind: "decode" }>): Promise<void> {
  const { source } = message;
  if ("bytes" in source) await decodeFile(readInstance(source.bytes, limits), message);
  else await withDicomFile(source.path, limits, (file) => decodeFile(file, message));
}

async function decodeFile(
  file: DicomFile,
  { task, into, reduction }: Extract<ToWorker, { kind: "decode" }>,
): Promise<void> {
  const count = file.instance.frames.length;
  credit = framesAhead;
  let index = 0;
  for await (const { values, ...plane } of reduction ? reducedFrames(file, reduction) : wholeFrames(file, into)) {
    while (credit === 0 && !stopped.has(task)) await new Promise<void>((resolve) => (wake = resolve));
    if (stopped.delete(task)) return say({ kind: "stopped", task });
    credit--;
    const about = reduction ? { plane } : index === 0 && { instance: writeInstance(file.instance) };
    const isLast = ++index === count;
    // A file of which frames were told before cannot be given to another worker: its end must not wait.
    const tell = count === 1 ? sayLater : say;
    if (values.buffer instanceof ArrayBuffer)
      tell({ kind: "frame", task, ...about, hu: values as Int16Array<ArrayBuffer>, isLast }, [values.buffer]);
    else tell({ kind: "frame", task, ...about, isLast });
  }
}

async function* wholeFrames(file: DicomFile, into: SharedHu | undefined): AsyncGenerator<Plane> {
  const { rows, columns } = file.instance;
  for await (const values of decodeFrames(file, into)) yield { values, rows, columns, spacingMm: [1, 1] };
}

async function* reducedFrames(file: DicomFile, reduction: Reduction): AsyncGenerator<Plane> {
  const { rows, columns, frames } = file.instance;
  for (const index of frames.keys()) {
    const whole = frameMemory(rows * columns);
    await decodeFrame(file, index, whole);
    const plane = reduceFrame(whole, file.instance, index, reduction);
    yield plane.values === whole ? { ...plane, values: whole.slice() } : plane;
  }
}

function readHeader(source: DicomSource): CtInstance {
  return "path" in source ? readFileHeader(source.path, limits) : readInstanceHeader(source.bytes, limits);
}

const MOST_HELD = 16;
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

function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === "string" ? code : String(name);
}

say({ kind: "ready" });

// A thread that reads and decodes one DICOM file after the other; if a file kills it, that file alone is lost.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { type SendAnswer, serveTasks, workerSettings } from "../../foundation/worker-tasks.ts";
import { upright } from "../volume/geometry.ts";
import { measuredBox } from "../volume/measured-box.ts";
import { type ReducedPlane, type Reduction, reduceFrame } from "../volume/reduce-frame.ts";
import { frameMemory } from "../volume/shrink-pixels.ts";
import type { CtInstance } from "./ct-instance.ts";
import { decodeFrame, decodeFrames } from "./decode-frames.ts";
import {
  type DecodeAnswer,
  type DecodeSettings,
  type DecodeTask,
  type DicomSource,
  type SharedHu,
  writeInstance,
} from "./decode-messages.ts";
import { instanceDigest } from "./instance-digest.ts";
import { readFileHeader, unreadable, withDicomFile } from "./open-file.ts";
import { type DicomFile, readInstance, readInstanceHeader } from "./read-instance.ts";

type Send = SendAnswer<DecodeAnswer>;
type FrameTask = Extract<DecodeTask, { kind: "decode" }>;

const { limits } = workerSettings<DecodeSettings>();

serveTasks<DecodeTask, DecodeAnswer>({
  async perform(task, send) {
    const { source } = task;
    try {
      if (task.kind === "header") await send({ instance: writeInstance(readHeader(source)) }, { isLast: true });
      else {
        const perform = (file: DicomFile) =>
          task.kind === "box" ? sendBox(file, task.frame, send) : decodeFile(file, task, send);
        if ("bytes" in source) await perform(readExpected(source));
        else await withDicomFile(source.path, limits, perform);
      }
    } finally {
      if ("bytes" in source) giveBack(source.bytes);
    }
  },
  refusal: (error) => (isFedError(error) ? error : unreadable(reasonOf(error))),
});

function readExpected({ bytes, expected }: Extract<DicomSource, { readonly bytes: Uint8Array }>): DicomFile {
  const file = readInstance(bytes, limits);
  if (expected !== undefined && instanceDigest(file.instance) !== expected) throw new FedError("PACS_CONTRADICTS");
  return file;
}

async function decodeFile(file: DicomFile, { into, reduction }: FrameTask, send: Send): Promise<void> {
  const count = file.instance.frames.length;
  let index = 0;
  for await (const { values, ...plane } of reduction ? reducedFrames(file, reduction) : wholeFrames(file, into)) {
    const about = reduction ? { plane } : index === 0 ? { instance: writeInstance(file.instance) } : {};
    const isLast = ++index === count;
    const isOwn = values.buffer instanceof ArrayBuffer;
    const answer = isOwn ? { ...about, hu: values as Int16Array<ArrayBuffer> } : about;
    if (!(await send(answer, { isLast, transfer: isOwn ? [values.buffer as ArrayBuffer] : [] }))) return;
  }
}

async function sendBox(file: DicomFile, index: number, send: Send): Promise<void> {
  const { rows, columns, frames } = file.instance;
  const values = frameMemory(rows * columns);
  await decodeFrame(file, index, values);
  await send({ box: measuredBox(upright(values, { rows, columns }, frames[index]!)) }, { isLast: true });
}

async function* wholeFrames(file: DicomFile, into: SharedHu | undefined): AsyncGenerator<ReducedPlane> {
  const { rows, columns } = file.instance;
  for await (const values of decodeFrames(file, into)) yield { values, rows, columns, spacingMm: [1, 1] };
}

async function* reducedFrames(file: DicomFile, reduction: Reduction): AsyncGenerator<ReducedPlane> {
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

/** The name of a system's error: its message may quote the file's path. */
function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === "string" ? code : String(name);
}

// Decodes DICOM files on every core, each in a worker thread that may hang, run out of memory or die: only the file in
// work is lost.
import { availableParallelism } from "node:os";
import { moduleBeside } from "../../foundation/module-beside.ts";
import { openWorkerPool } from "../../foundation/worker-pool.ts";
import type { PixelBox } from "../volume/measured-box.ts";
import type { ReducedPlane, Reduction } from "../volume/reduce-frame.ts";
import type { CtInstance } from "./ct-instance.ts";
import {
  type DecodeAnswer,
  type DecodeSettings,
  type DecodeTask,
  type DicomSource,
  parseInstance,
  type SharedHu,
} from "./decode-messages.ts";
import { type DicomLimits, dicomLimits } from "./limits.ts";

export interface DecodePoolOptions {
  /** Default: one a core. */
  readonly workers?: number;
  /** How long a file may take to its first frame, and from each to the next; default 30 s, and a minute to start a thread. */
  readonly timeoutMs?: number;
  /** JavaScript heap of a worker; default 512. Pixels lie outside it and are bounded by the limits. */
  readonly maxHeapMib?: number;
  readonly limits?: DicomLimits;
  /** The worker's program: decode-worker.ts, or another one for the same tasks. */
  readonly entry?: URL;
  /**
   * Whether files come from afar, hardly faster than one worker decodes plain ones: it starts before there is a file, and the
   * others when files wait; default false.
   */
  readonly isRemote?: boolean;
}

/** HU of one frame, rows x columns of its instance; see hounsfield.ts. */
export interface DecodedFrame {
  readonly instance: CtInstance;
  /** Of instance.frames. */
  readonly index: number;
  readonly hu: Int16Array;
}

export interface DecodeOptions {
  /**
   * Memory for the HU of all the file's frames, one after the other: threads write where the series is gathered, and
   * nothing is copied or allocated. By default each frame has memory of its own.
   *
   * @example const volume = new Int16Array(new SharedArrayBuffer(2 * slices * area)); into: volume.subarray(...)
   */
  readonly into?: SharedHu;
  readonly signal?: AbortSignal;
}

export interface DecodePool {
  /** Files that are worked on at once. */
  readonly size: number;
  /**
   * Reads a file's header (read-instance.ts).
   *
   * @throws those of readInstanceHeader, DICOM_UNREADABLE, DICOM_TIMEOUT, DICOM_WORKER_DIED
   */
  header(source: DicomSource): Promise<CtInstance>;
  /**
   * Decodes a file's frames in order; at most four wait for the reader. Work starts with the first `next()`.
   *
   * @throws those of readInstance and decodeFrames, DICOM_UNREADABLE (with the reason, such as ENOENT), DICOM_TIMEOUT, DICOM_WORKER_DIED
   */
  decode(source: DicomSource, options?: DecodeOptions): AsyncGenerator<DecodedFrame>;
  /**
   * Decodes as `decode` does, and turns each frame upright and shrinks it (reduce-frame.ts) in the worker, so that only the
   * result is sent here.
   */
  planes(
    source: DicomSource,
    reduction: Reduction,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<ReducedPlane>;
  /**
   * Decodes one frame to find where its measured pixels lie, upright; undefined if it has none.
   *
   * @throws those of decode
   */
  box(source: DicomSource, frame: number): Promise<PixelBox | undefined>;
  /** Ends all workers; files in work fail with DICOM_POOL_CLOSED. */
  close(): Promise<void>;
}

/** One in work and some more, so that no worker waits for this thread between two files. */
const filesAWorker = 20;
/** One worker decodes the plain slices that an import holds (server-archive.ts) in less; compressed ones take ten times as long. */
const remoteWaitMs = 250;

export function openDecodePool({
  workers = availableParallelism(),
  timeoutMs = 30_000,
  maxHeapMib = 512,
  limits = dicomLimits,
  entry = moduleBeside("./decode-worker", import.meta.url),
  isRemote = false,
}: DecodePoolOptions = {}): DecodePool {
  const pool = openWorkerPool<DecodeTask, DecodeAnswer, DecodeSettings>({
    entry,
    workers,
    timeoutMs,
    maxHeapMib,
    startsAtOnce: isRemote,
    waitBeforeAnotherMs: isRemote ? remoteWaitMs : 0,
    settings: { limits },
    tasksAWorker: filesAWorker,
    errors: {
      died: "DICOM_WORKER_DIED",
      timedOut: "DICOM_TIMEOUT",
      closed: "DICOM_POOL_CLOSED",
      notSent: "DICOM_UNREADABLE",
    },
  });
  return {
    size: workers,
    async header(source) {
      const { instance } = await pool.run({ kind: "header", source });
      return parseInstance(instance!);
    },
    async *decode(source, { into, signal } = {}) {
      let instance: CtInstance | undefined;
      let index = 0;
      for await (const answer of pool.stream({ kind: "decode", source, into }, { signal })) {
        instance ??= parseInstance(answer.instance!);
        const area = instance.rows * instance.columns;
        yield { instance, index, hu: answer.hu ?? into!.subarray(index * area, (index + 1) * area) };
        index++;
      }
    },
    async *planes(source, reduction, { signal } = {}) {
      for await (const { plane, hu } of pool.stream({ kind: "decode", source, reduction }, { signal }))
        yield { ...plane!, values: hu! };
    },
    async box(source, frame) {
      const { box } = await pool.run({ kind: "box", source, frame });
      return box;
    },
    close: pool.close,
  };
}

// Decodes DICOM files on every core, each in a worker thread that may hang, run out of memory or die: that costs its one
// file and nothing else.
import { availableParallelism } from "node:os";
import { FedError, receivedError } from "../../foundation/errors.ts";
import { openEventStream } from "../../foundation/event-stream.ts";
import type { Plane, Reduction } from "../volume/geometry.ts";
import type { CtInstance } from "./ct-instance.ts";
import { type DicomSource, type FromWorker, parseInstance, type SharedHu } from "./decode-messages.ts";
import { type DecodeSeat, type DecodeTask, openDecodeSeat } from "./decode-seat.ts";
import { DICOM_LIMITS, type DicomLimits } from "./limits.ts";

export interface DecodePoolOptions {
  /** Default: one a core. */
  readonly workers?: number;
  /** How long a file may take to its first frame, and from each to the next; default 30 s, and a minute to start a thread. */
  readonly timeoutMs?: number;
  /** JavaScript heap of a worker; default 512. Pixels lie outside it and are bounded by the limits. */
  readonly maxHeapMib?: number;
  readonly limits?: DicomLimits;
  /** The worker's program: decode-worker.ts, or another one that speaks decode-messages.ts. */
  readonly entry?: URL;
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
   * nothing is copied or allocated. Else each frame has memory of its own.
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
   * Reads what a file says of itself, without its pixels (read-instance.ts).
   *
   * @throws {FedError} those of readInstanceHeader, DICOM_UNREADABLE, DICOM_TIMEOUT, DICOM_WORKER_DIED
   */
  header(source: DicomSource): Promise<CtInstance>;
  /**
   * Decodes a file's frames in order; at most four wait for the reader. Work starts with the first `next()`.
   *
   * @throws {FedError} those of readInstance and decodeFrames, DICOM_UNREADABLE (with the reason, such as ENOENT), DICOM_TIMEOUT, DICOM_WORKER_DIED
   */
  decode(source: DicomSource, options?: DecodeOptions): AsyncGenerator<DecodedFrame>;
  /**
   * Decodes as `decode` does, and gives each frame upright and shrunk (geometry.ts): that is done where it was decoded, and
   * only what is left of it is sent here.
   */
  planes(source: DicomSource, reduction: Reduction, options?: { readonly signal?: AbortSignal }): AsyncGenerator<Plane>;
  /** Ends all workers; what is in work fails with DICOM_POOL_CLOSED. */
  close(): Promise<void>;
}

const FRAMES_AHEAD = 4;
/** One in work and some to go on with, so that no worker waits for this thread between two files. */
const TASKS_A_WORKER = 20;

export function openDecodePool({
  workers = availableParallelism(),
  timeoutMs = 30_000,
  maxHeapMib = 512,
  limits = DICOM_LIMITS,
  entry = new URL("./decode-worker.ts", import.meta.url),
}: DecodePoolOptions = {}): DecodePool {
  const settings = { limits, framesAhead: FRAMES_AHEAD };
  const seats = Array.from({ length: workers }, () =>
    openDecodeSeat({ timeoutMs, maxHeapMib, settings, entry, onFree: dispatch }),
  );
  const seatOf = new Map<DecodeTask, DecodeSeat>();
  let waiting: DecodeTask[] = [];
  let closed = false;
  let lastId = 0;

  function dispatch(orphans: readonly DecodeTask[]): void {
    waiting.unshift(...orphans);
    while (waiting.length > 0) {
      const seat = seats.reduce((least, other) => (other.load < least.load ? other : least));
      if (seat.load >= TASKS_A_WORKER) return;
      const task = waiting.shift()!;
      seatOf.set(task, seat);
      seat.give(task);
    }
  }

  async function* ask(
    kind: DecodeTask["kind"],
    source: DicomSource,
    { into, reduction, signal }: DecodeOptions & { readonly reduction?: Reduction } = {},
  ) {
    signal?.throwIfAborted();
    if (closed) throw new FedError("DICOM_POOL_CLOSED");
    const stream = openEventStream<FromWorker | FedError>();
    const task: DecodeTask = { id: ++lastId, kind, source, into, reduction, tell: stream.tell, fail: stream.tell };
    waiting.push(task);
    dispatch([]);
    let ended = false;
    const abort = () => stream.tell(new FedError("ABORTED"));
    signal?.addEventListener("abort", abort);
    try {
      for await (const event of stream.events) {
        signal?.throwIfAborted();
        if (event instanceof FedError) throw event;
        if (event.kind === "ready") continue;
        ended = event.kind !== "frame" || event.isLast;
        if (event.kind === "refused") throw receivedError(event);
        yield event;
        if (ended) return;
        seatOf.get(task)?.taken(task);
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      waiting = waiting.filter((other) => other !== task);
      if (!ended) seatOf.get(task)?.stop(task);
      seatOf.delete(task);
    }
  }

  return {
    size: workers,
    async header(source) {
      for await (const answer of ask("header", source))
        if (answer.kind === "header") return parseInstance(answer.instance);
      throw new FedError("DICOM_POOL_CLOSED");
    },
    async *decode(source, options = {}) {
      let instance: CtInstance | undefined;
      let index = 0;
      for await (const answer of ask("decode", source, options)) {
        if (answer.kind !== "frame") return;
        instance ??= parseInstance(answer.instance!);
        const area = instance.rows * instance.columns;
        yield { instance, index, hu: answer.hu ?? options.into!.subarray(index * area, (index + 1) * area) };
        index++;
      }
    },
    async *planes(source, reduction, options = {}) {
      for await (const answer of ask("decode", source, { ...options, reduction })) {
        if (answer.kind !== "frame") return;
        yield { ...answer.plane!, values: answer.hu! };
      }
    },
    async close() {
      closed = true;
      for (const task of waiting) task.fail(new FedError("DICOM_POOL_CLOSED"));
      waiting = [];
      await Promise.all(seats.map((seat) => seat.close()));
    },
  };
}

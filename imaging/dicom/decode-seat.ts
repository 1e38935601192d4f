// One worker thread and what it has to do: replaced when it dies, ended when it hangs; the file in work pays for that.
import { Worker } from "node:worker_threads";
import { FedError } from "../../foundation/errors.ts";
import type { Reduction } from "../volume/geometry.ts";
import type { DicomSource, FromWorker, SharedHu, ToWorker, WorkerData, WorkerSettings } from "./decode-messages.ts";

export interface DecodeTask {
  readonly id: number;
  readonly kind: "header" | "decode";
  readonly source: DicomSource;
  /** Where HU go; own memory for each frame if undefined. */
  readonly into?: SharedHu | undefined;
  readonly reduction?: Reduction | undefined;
  /** Hears every message; the last one is a header, a refusal, the last frame, or that it was stopped. */
  tell(message: FromWorker): void;
  fail(error: FedError): void;
}

export interface DecodeSeat {
  /** Tasks at this worker, the first of them in work. */
  readonly load: number;
  give(task: DecodeTask): void;
  /** The reader took a frame and wants the next. */
  taken(task: DecodeTask): void;
  stop(task: DecodeTask): void;
  close(): Promise<void>;
}

export interface SeatOptions {
  readonly timeoutMs: number;
  readonly maxHeapMib: number;
  readonly settings: WorkerSettings;
  /** The thread's program: decode-worker.ts, or another one that speaks decode-messages.ts. */
  readonly entry: URL;
  /** A task ended; `orphans` were waiting behind one that killed the worker. */
  onFree(orphans: readonly DecodeTask[]): void;
}

export function openDecodeSeat({ timeoutMs, maxHeapMib, settings, entry, onFree }: SeatOptions): DecodeSeat {
  let worker: Worker | undefined;
  let tasks: DecodeTask[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Frames sent and not yet taken; at the most that may be, the worker waits for the reader and not we for it. */
  let untaken = 0;
  let isReady = false;
  let current = new Int32Array(new SharedArrayBuffer(4));

  function start(): Worker {
    current = new Int32Array(new SharedArrayBuffer(4));
    const workerData: WorkerData = { ...settings, current };
    const started = new Worker(entry, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMib, maxYoungGenerationSizeMb: YOUNG_HEAP_MIB },
      // Codecs complain about broken files on their own; whatever they say, it may quote the file.
      stdout: true,
      stderr: true,
    });
    started.on("message", (messages: readonly FromWorker[]) => {
      for (const message of messages) if (worker === started) hear(message);
    });
    started.on("error", (error: NodeJS.ErrnoException) => {
      if (worker === started) lose(new FedError("DICOM_WORKER_DIED", { reason: error.code ?? error.name }, REMEDY));
    });
    started.on("exit", (exitCode) => {
      if (worker === started) lose(new FedError("DICOM_WORKER_DIED", { reason: `exit ${exitCode}` }, REMEDY));
    });
    return started;
  }

  function watch(): void {
    clearTimeout(timer);
    if (tasks.length === 0 || untaken === settings.framesAhead) return;
    // A busy machine may take seconds to start a thread; no file is to blame for that.
    const allowedMs = isReady ? timeoutMs : timeoutMs + START_MS;
    timer = setTimeout(() => {
      const hung = worker;
      lose(new FedError("DICOM_TIMEOUT", { timeoutMs: allowedMs }, REMEDY));
      void hung?.terminate();
    }, allowedMs);
  }

  function hear(message: FromWorker): void {
    if (message.kind === "ready") {
      isReady = true;
      watch();
      return;
    }
    const [task] = tasks;
    if (!task || message.task !== task.id) return;
    if (message.kind === "frame" && !message.isLast) untaken++;
    else {
      tasks.shift();
      untaken = 0;
    }
    watch();
    task.tell(message);
    if (tasks[0] !== task) onFree([]);
  }

  function lose(error: FedError): void {
    // Tasks before the one in work are done, but their ends were still to be told: they are done again.
    const inWork = Atomics.load(current, 0);
    const guilty = tasks.find(({ id }) => id === inWork) ?? tasks[0];
    const orphans = tasks.filter((task) => task !== guilty);
    worker = undefined;
    isReady = false;
    tasks = [];
    untaken = 0;
    watch();
    guilty?.fail(error);
    onFree(orphans);
  }

  function say(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    worker ??= start();
    worker.postMessage(message, transfer);
  }

  return {
    get load() {
      return tasks.length;
    },
    give(task) {
      tasks.push(task);
      const { id, kind, source, into, reduction } = task;
      say({ kind, task: id, source, ...(into && { into }), ...(reduction && { reduction }) } as ToWorker);
      if (tasks.length === 1) watch();
    },
    taken(task) {
      if (tasks[0] !== task) return;
      untaken--;
      say({ kind: "taken", task: task.id });
      watch();
    },
    stop(task) {
      if (tasks.includes(task)) say({ kind: "stop", task: task.id });
    },
    async close() {
      const closing = worker;
      const left = tasks;
      worker = undefined;
      tasks = [];
      clearTimeout(timer);
      for (const task of left) task.fail(new FedError("DICOM_POOL_CLOSED"));
      await closing?.terminate();
    },
  };
}

const START_MS = 60_000;
// What a thread throws away soon: three times as much by default, and no faster.
const YOUNG_HEAP_MIB = 12;
const REMEDY = { remedy: "leave the file out, or export it again" };

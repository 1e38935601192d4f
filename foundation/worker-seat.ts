// One thread of a worker pool with its tasks: replaced when it dies, ended when it hangs; only the task in work fails.
import { Worker } from "node:worker_threads";
import { type ErrorCode, FedError } from "./errors.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

export interface SeatTask<Task, Answer> {
  readonly id: number;
  readonly task: Task;
  readonly transfer: readonly ArrayBuffer[];
  /** When it was given to the pool, as performance.now() says it. */
  readonly sinceMs: number;
  /** Receives every message of the task; the last one is a last answer, a refusal, or that it was stopped. */
  receive(message: FromWorker<Answer>): void;
  fail(error: FedError): void;
}

export interface WorkerSeat<Task, Answer> {
  /** Tasks at this thread, the first of them in work. */
  readonly load: number;
  readonly isStarted: boolean;
  /** Starts the thread before it has a task. */
  start(): void;
  give(task: SeatTask<Task, Answer>): void;
  /** The reader took an answer and wants the next. */
  taken(task: SeatTask<Task, Answer>): void;
  stop(task: SeatTask<Task, Answer>): void;
  close(): Promise<void>;
}

/** Codes of the errors that a pool raises itself. */
export interface PoolErrors {
  readonly died: ErrorCode;
  readonly timedOut: ErrorCode;
  readonly closed: ErrorCode;
  /** A task that cannot be sent, such as memory that was given away. */
  readonly notSent: ErrorCode;
}

export interface SeatOptions<Task, Settings, Answer> {
  readonly entry: URL;
  readonly settings: Settings;
  readonly errors: PoolErrors;
  readonly timeoutMs: number;
  readonly maxHeapMib: number;
  readonly answersAhead: number;
  readonly keepsProcess: boolean;
  /** A task ended; `orphans` waited behind one that killed the thread. */
  onFree(orphans: readonly SeatTask<Task, Answer>[]): void;
}

/** A busy machine may take seconds to start a thread, which is no task's fault. */
const startMs = 60_000;
/** Young generation of a thread's heap: the default is three times as much, and no faster. */
const youngHeapMib = 12;

export function openWorkerSeat<Task, Settings, Answer>(
  options: SeatOptions<Task, Settings, Answer>,
): WorkerSeat<Task, Answer> {
  const { entry, settings, errors, timeoutMs, maxHeapMib, answersAhead, keepsProcess, onFree } = options;
  let worker: Worker | undefined;
  let tasks: SeatTask<Task, Answer>[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Answers sent and not yet taken; at the limit the thread waits for the reader, and no time runs out. */
  let untaken = 0;
  let isReady = false;
  let current = new Int32Array(new SharedArrayBuffer(4));

  function start(): Worker {
    current = new Int32Array(new SharedArrayBuffer(4));
    const workerData: WorkerStart<Settings> = { settings, answersAhead, current };
    const started = new Worker(entry, {
      workerData,
      // Options of the program itself are not meant for its threads.
      execArgv: ["--disable-warning=ExperimentalWarning"],
      resourceLimits: {
        maxYoungGenerationSizeMb: youngHeapMib,
        ...(Number.isFinite(maxHeapMib) && { maxOldGenerationSizeMb: maxHeapMib }),
      },
      // Codecs print complaints about broken files, which may quote them.
      stdout: true,
      stderr: true,
    });
    started.on("message", (messages: readonly FromWorker<Answer>[]) => {
      for (const message of messages) if (worker === started) receive(message);
    });
    started.on("error", (error: NodeJS.ErrnoException) => {
      if (worker === started) lose(new FedError(errors.died, { reason: error.code ?? error.name }));
    });
    started.on("exit", (exitCode) => {
      if (worker === started) lose(new FedError(errors.died, { reason: `exit ${exitCode}` }));
    });
    return started;
  }

  /** Restarts the time limit of the task in work, and lets the process end where there is none. */
  function watch(): void {
    clearTimeout(timer);
    if (!keepsProcess && tasks.length === 0) worker?.unref();
    if (tasks.length === 0 || untaken === answersAhead || !Number.isFinite(timeoutMs)) return;
    const allowedMs = isReady ? timeoutMs : timeoutMs + startMs;
    timer = setTimeout(() => {
      const hung = worker;
      lose(new FedError(errors.timedOut, { timeoutMs: allowedMs }));
      void hung?.terminate();
    }, allowedMs);
  }

  function receive(message: FromWorker<Answer>): void {
    if (message.kind === "ready") {
      isReady = true;
      watch();
      return;
    }
    const [task] = tasks;
    if (!task || message.id !== task.id) return;
    const hasMore = message.kind === "answer" && !message.isLast;
    if (hasMore) untaken++;
    else {
      tasks.shift();
      untaken = 0;
    }
    watch();
    task.receive(message);
    if (!hasMore) onFree([]);
  }

  function lose(error: FedError): void {
    // Tasks before the one in work are done, but their answers were still held back: they are done again.
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

  function post(message: ToWorker<Task>, transfer: readonly ArrayBuffer[] = []): void {
    worker ??= start();
    if (!keepsProcess) worker.ref();
    worker.postMessage(message, transfer);
  }

  return {
    get load() {
      return tasks.length;
    },
    get isStarted() {
      return worker !== undefined;
    },
    start() {
      worker ??= start();
      watch();
    },
    give(task) {
      try {
        post({ kind: "task", id: task.id, task: task.task }, task.transfer);
      } catch (cause) {
        task.fail(new FedError(errors.notSent, {}, { cause }));
        return;
      }
      tasks.push(task);
      if (tasks.length === 1) watch();
    },
    taken(task) {
      if (tasks[0] !== task) return;
      untaken--;
      post({ kind: "taken", id: task.id });
      watch();
    },
    stop(task) {
      if (tasks.includes(task)) post({ kind: "stop", id: task.id });
    },
    async close() {
      const closing = worker;
      const left = tasks;
      worker = undefined;
      tasks = [];
      clearTimeout(timer);
      for (const task of left) task.fail(new FedError(errors.closed));
      await closing?.terminate();
    },
  };
}

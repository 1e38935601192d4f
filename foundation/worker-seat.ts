// One thread of a worker pool with its tasks: replaced when it dies, ended when it hangs; only the task in work fails.
import { Worker } from "node:worker_threads";
import { type ErrorCode, FedError } from "./errors.ts";
import { type FromWorker, type ToWorker, takenBack, unclaimed, type WorkerStart } from "./worker-messages.ts";

export interface SeatTask<Task, Answer> {
  readonly task: Task;
  readonly transfer: readonly ArrayBuffer[];
  /** When it was given to the pool, as performance.now() says it. */
  readonly sinceMs: number;
  /** Receives every message of the task; the last one is a last answer, a refusal, or that it was stopped. */
  receive(message: FromWorker<Answer>): void;
  fail(error: FedError): void;
}

export interface WorkerSeat<Task, Answer> {
  /** Tasks at this thread, the first of them in work, and those that were taken back and that it has not passed over yet. */
  readonly load: number;
  /** Tasks that wait behind the one in work. */
  readonly behind: number;
  readonly isStarted: boolean;
  /** Starts the thread before it has a task. */
  start(): void;
  give(task: SeatTask<Task, Answer>): void;
  /** The reader took an answer and wants the next. */
  taken(task: SeatTask<Task, Answer>): void;
  stop(task: SeatTask<Task, Answer>): void;
  /** Since when the longest waiting task behind the one in work has waited while the thread could work; undefined if none waits. */
  waitingSinceMs(): number | undefined;
  /**
   * Takes tasks back that wait behind the one in work, in their order: half of those that are not begun, or all of them if the
   * thread has said nothing for `silentMs`, and then also those that are done whose answers it holds back.
   */
  takeBack(silentMs: number): SeatTask<Task, Answer>[];
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
  /** The most tasks that it is given at once. */
  readonly places: number;
  /** A task ended; `orphans` waited behind one that killed the thread. */
  onFree(orphans: readonly SeatTask<Task, Answer>[]): void;
}

/** A task as it was given to this thread: a task that comes back has another id. */
interface Given<Task, Answer> {
  readonly id: number;
  readonly place: number;
  readonly task: SeatTask<Task, Answer>;
  hasAnswered: boolean;
}

/** A busy machine may take seconds to start a thread, which is no task's fault. */
const startMs = 60_000;
/** Young generation of a thread's heap: the default is three times as much, and no faster. */
const youngHeapMib = 12;

export function openWorkerSeat<Task, Settings, Answer>(
  options: SeatOptions<Task, Settings, Answer>,
): WorkerSeat<Task, Answer> {
  const { entry, settings, errors, timeoutMs, maxHeapMib, answersAhead, keepsProcess, places, onFree } = options;
  let worker: Worker | undefined;
  let tasks: Given<Task, Answer>[] = [];
  /** The places of tasks that were taken back, by id, until the thread has passed them. */
  let away = new Map<number, number>();
  let freePlaces: number[] = [];
  let lastId = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Answers sent and not yet taken; at the limit the thread waits for the reader, and no time runs out. */
  let untaken = 0;
  /** Since when the thread can work; undefined until it has loaded its program. */
  let readySinceMs: number | undefined;
  let lastMessageMs = 0;
  let current = new Int32Array(new SharedArrayBuffer(4));
  let claims = new Int32Array(new SharedArrayBuffer(4 * places));

  function start(): Worker {
    current = new Int32Array(new SharedArrayBuffer(4));
    claims = new Int32Array(new SharedArrayBuffer(4 * places));
    freePlaces = [...claims.keys()];
    away = new Map();
    const workerData: WorkerStart<Settings> = { settings, answersAhead, current, claims };
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
    const allowedMs = readySinceMs === undefined ? timeoutMs + startMs : timeoutMs;
    timer = setTimeout(() => {
      const hung = worker;
      lose(new FedError(errors.timedOut, { timeoutMs: allowedMs }));
      void hung?.terminate();
    }, allowedMs);
  }

  function receive(message: FromWorker<Answer>): void {
    lastMessageMs = performance.now();
    if (message.kind === "ready") {
      readySinceMs = lastMessageMs;
      watch();
      return;
    }
    const hasMore = message.kind === "answer" && !message.isLast;
    const place = away.get(message.id);
    if (place !== undefined) {
      if (hasMore) return;
      away.delete(message.id);
      freePlaces.push(place);
      onFree([]);
      return;
    }
    const [given] = tasks;
    if (!given || message.id !== given.id) return;
    given.hasAnswered = true;
    if (hasMore) untaken++;
    else {
      tasks.shift();
      freePlaces.push(given.place);
      untaken = 0;
    }
    watch();
    given.task.receive(message);
    if (!hasMore) onFree([]);
  }

  function lose(error: FedError): void {
    // Tasks before the one in work are done, but their answers were still held back: they are done again.
    const guilty = inWork() ?? tasks[0];
    const orphans = tasks.filter((given) => given !== guilty);
    worker = undefined;
    readySinceMs = undefined;
    tasks = [];
    away = new Map();
    untaken = 0;
    watch();
    guilty?.task.fail(error);
    onFree(orphans.map(({ task }) => task));
  }

  function inWork(): Given<Task, Answer> | undefined {
    const id = Atomics.load(current, 0);
    return tasks.find((given) => given.id === id);
  }

  function post(message: ToWorker<Task>, transfer: readonly ArrayBuffer[] = []): void {
    worker ??= start();
    if (!keepsProcess) worker.ref();
    worker.postMessage(message, transfer);
  }

  return {
    get load() {
      return tasks.length + away.size;
    },
    get behind() {
      return Math.max(0, tasks.length - 1);
    },
    get isStarted() {
      return worker !== undefined;
    },
    start() {
      worker ??= start();
      watch();
    },
    give(task) {
      worker ??= start();
      const place = freePlaces.pop()!;
      const id = ++lastId;
      Atomics.store(claims, place, unclaimed);
      try {
        post({ kind: "task", id, place, task: task.task }, task.transfer);
      } catch (cause) {
        freePlaces.push(place);
        task.fail(new FedError(errors.notSent, {}, { cause }));
        return;
      }
      tasks.push({ id, place, task, hasAnswered: false });
      if (tasks.length > 1) return;
      lastMessageMs = performance.now();
      watch();
    },
    taken(task) {
      const [given] = tasks;
      if (given?.task !== task) return;
      untaken--;
      post({ kind: "taken", id: given.id });
      watch();
    },
    stop(task) {
      const given = tasks.find((one) => one.task === task);
      if (given) post({ kind: "stop", id: given.id });
    },
    waitingSinceMs() {
      const working = inWork() ?? tasks[0];
      const waiting = tasks.find((given) => given !== working);
      if (!waiting || readySinceMs === undefined) return undefined;
      return Math.max(waiting.task.sinceMs, readySinceMs);
    },
    takeBack(silentMs) {
      const working = inWork();
      // Between two tasks the next one counts as begun: the thread may hang before it says so.
      const at = working ? tasks.indexOf(working) : readySinceMs === undefined ? -1 : 0;
      const isSilent = performance.now() - lastMessageMs >= silentMs;
      const done = isSilent ? tasks.slice(0, Math.max(at, 0)).filter(({ hasAnswered }) => !hasAnswered) : [];
      const behind = tasks.slice(at + 1);
      const unbegun = behind
        .slice(isSilent ? 0 : Math.floor(behind.length / 2))
        .filter(({ place }) => Atomics.compareExchange(claims, place, unclaimed, takenBack) === unclaimed);
      const back = [...done, ...unbegun];
      for (const { id, place } of back) away.set(id, place);
      tasks = tasks.filter((given) => !away.has(given.id));
      // A task in work keeps its time limit.
      if (tasks.length === 0) watch();
      return back.map(({ task }) => task);
    },
    async close() {
      const closing = worker;
      const left = tasks;
      worker = undefined;
      tasks = [];
      clearTimeout(timer);
      for (const { task } of left) task.fail(new FedError(errors.closed));
      await closing?.terminate();
    },
  };
}

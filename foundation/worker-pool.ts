// Work in threads that may hang, run out of memory or die: that costs the task in work and no other.
import { FedError, receivedError } from "./errors.ts";
import { openEventStream } from "./event-stream.ts";
import type { FromWorker } from "./worker-messages.ts";
import { openWorkerSeat, type PoolErrors, type SeatTask, type WorkerSeat } from "./worker-seat.ts";

export interface WorkerPoolOptions<Settings> {
  /** The threads' program; it calls serveTasks (worker-tasks.ts). */
  readonly entry: URL;
  readonly workers: number;
  /** What the program reads with workerSettings. */
  readonly settings: Settings;
  readonly errors: PoolErrors;
  /**
   * Tasks that one thread is given at once, so that it does not wait between two; default 1. Above 1, tasks must not move
   * memory, and one may be done twice: those behind a slow one are given to an idle thread.
   */
  readonly tasksAWorker?: number;
  /** Answers of a task that may wait for the reader; default 4. */
  readonly answersAhead?: number;
  /** How long a task may take to each answer, and a minute more to start a thread; no limit by default. */
  readonly timeoutMs?: number;
  /** JavaScript heap of a thread; Node's own limit by default. */
  readonly maxHeapMib?: number;
  /** Whether threads start before there is a task, while its input is still waited for; default false. */
  readonly startsAtOnce?: boolean | undefined;
  /**
   * How long a task may wait for the threads that have started until another one starts; default 0. Each compiles the program
   * anew, which takes as long as hundreds of short tasks. The time in which the first threads start does not count.
   */
  readonly waitBeforeAnotherMs?: number | undefined;
  /** Whether idle threads keep the process from ending; default true. */
  readonly keepsProcess?: boolean;
}

export interface TaskOptions {
  /** Memory that moves to the thread: it is empty here afterwards. */
  readonly transfer?: readonly ArrayBuffer[];
  readonly signal?: AbortSignal | undefined;
}

export interface WorkerPool<Task, Answer> {
  /** Tasks that are worked on at once. */
  readonly size: number;
  /**
   * The answers to a task in order. Work starts with the first `next()`; a reader that leaves stops it.
   *
   * @throws the program's refusals, the codes of PoolErrors, and what `signal` throws
   */
  stream(task: Task, options?: TaskOptions): AsyncGenerator<Answer>;
  /** The last answer to a task, begun at once. @throws those of stream */
  run(task: Task, options?: TaskOptions): Promise<Answer>;
  /** Ends all threads; tasks in work fail as closed. */
  close(): Promise<void>;
}

/** A thread from which nothing comes for so long is at a slow task: what waits behind it is done elsewhere. */
const silentMs = 250;

export function openWorkerPool<Task, Answer, Settings = undefined>({
  workers,
  errors,
  tasksAWorker = 1,
  answersAhead = 4,
  timeoutMs = Number.POSITIVE_INFINITY,
  maxHeapMib = Number.POSITIVE_INFINITY,
  keepsProcess = true,
  startsAtOnce = false,
  waitBeforeAnotherMs = 0,
  ...program
}: WorkerPoolOptions<Settings>): WorkerPool<Task, Answer> {
  const limits = { errors, answersAhead, timeoutMs, maxHeapMib, keepsProcess };
  const seats = Array.from({ length: workers }, () =>
    openWorkerSeat<Task, Settings, Answer>({ ...program, ...limits, places: tasksAWorker, onFree: dispatch }),
  );
  if (startsAtOnce) for (const seat of waitBeforeAnotherMs > 0 ? seats.slice(0, 1) : seats) seat.start();
  const seatOf = new Map<SeatTask<Task, Answer>, WorkerSeat<Task, Answer>>();
  let waiting: SeatTask<Task, Answer>[] = [];
  let isClosed = false;
  let look: NodeJS.Timeout | undefined;

  function dispatch(orphans: readonly SeatTask<Task, Answer>[]): void {
    // Readers of some have left.
    waiting.unshift(...orphans.filter((task) => seatOf.has(task)));
    giveAll();
    share();
    const areSomeIdle = seats.some(({ load }) => load === 0);
    if (look || isClosed || !areSomeIdle || (waiting.length === 0 && seats.every(({ behind }) => behind === 0))) return;
    look = setTimeout(() => {
      look = undefined;
      dispatch([]);
    }, waitBeforeAnotherMs || silentMs).unref();
  }

  function giveAll(): void {
    while (waiting.length > 0) {
      const isPatient = performance.now() - waiting[0]!.sinceMs < waitBeforeAnotherMs;
      const started = isPatient ? seats.filter((seat) => seat.isStarted) : [];
      const among = started.length > 0 ? started : seats;
      const seat = among.reduce((least, other) => (other.load < least.load ? other : least));
      if (seat.load >= tasksAWorker) return;
      const task = waiting.shift()!;
      seatOf.set(task, seat);
      seat.give(task);
    }
  }

  /** Gives an idle thread what waits at the busiest one; one that has not started only if that has waited for long. */
  function share(): void {
    const idle = seats.filter(({ load }) => load === 0);
    if (isClosed || idle.length === 0) return;
    const busiest = seats.reduce((most, other) => (other.behind > most.behind ? other : most));
    if (busiest.behind === 0) return;
    const since = busiest.waitingSinceMs();
    const isLate = since !== undefined && performance.now() - since >= waitBeforeAnotherMs;
    const to = idle.find(({ isStarted }) => isStarted) ?? (isLate ? idle[0] : undefined);
    for (const task of to ? busiest.takeBack(silentMs) : []) {
      if (!seatOf.has(task)) continue;
      seatOf.set(task, to!);
      to!.give(task);
    }
  }

  async function* stream(task: Task, { transfer = [], signal }: TaskOptions = {}): AsyncGenerator<Answer> {
    signal?.throwIfAborted();
    if (isClosed) throw new FedError(errors.closed);
    const messages = openEventStream<FromWorker<Answer> | FedError>();
    const talk = { receive: messages.tell, fail: messages.tell };
    const given = { task, transfer, sinceMs: performance.now(), ...talk };
    waiting.push(given);
    dispatch([]);
    let isEnded = false;
    const abort = () => messages.tell(new FedError("ABORTED"));
    signal?.addEventListener("abort", abort);
    try {
      for await (const message of messages.events) {
        signal?.throwIfAborted();
        if (message instanceof FedError) throw message;
        if (message.kind === "ready" || message.kind === "skipped") continue;
        isEnded = message.kind !== "answer" || message.isLast;
        if (message.kind === "refused") throw receivedError(message.error);
        if (message.kind === "stopped") return;
        yield message.answer;
        if (isEnded) return;
        seatOf.get(given)?.taken(given);
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      waiting = waiting.filter((other) => other !== given);
      if (!isEnded) seatOf.get(given)?.stop(given);
      seatOf.delete(given);
    }
  }

  return {
    size: workers,
    stream,
    async run(task, options) {
      let last: { readonly answer: Answer } | undefined;
      for await (const answer of stream(task, options)) last = { answer };
      if (!last) throw new FedError(errors.closed);
      return last.answer;
    },
    async close() {
      isClosed = true;
      clearTimeout(look);
      for (const task of waiting) task.fail(new FedError(errors.closed));
      waiting = [];
      await Promise.all(seats.map((seat) => seat.close()));
    },
  };
}

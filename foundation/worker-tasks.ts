// The thread's side of a worker pool: tasks one after the other, answers no faster than they are read.
import { parentPort, workerData } from "node:worker_threads";
import type { FedError } from "./errors.ts";
import { begun, type FromWorker, type ToWorker, unclaimed, type WorkerStart } from "./worker-messages.ts";

export interface SendOptions {
  readonly isLast: boolean;
  /** Memory that moves to the pool's thread. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** Sends an answer once the reader has room for it; false if nobody wants it or further ones. */
export type SendAnswer<Answer> = (answer: Answer, options: SendOptions) => Promise<boolean>;

export interface TaskProgram<Task, Answer> {
  /** Works on a task; its answers end with one that is the last, or with false from `send`. */
  perform(task: Task, send: SendAnswer<Answer>): Promise<void>;
  /** What the pool's thread may know of an error: other errors than FedErrors may quote a file or a path. */
  refusal(error: unknown): FedError;
}

/** The settings with which the pool started this thread. */
export function workerSettings<Settings>(): Settings {
  return (workerData as WorkerStart<Settings>).settings;
}

/** Waking the other thread costs as much as reading a small file: ends of tasks are sent together, up to these limits. */
const mostHeld = 16;
const mostHeldMs = 5;

/** Begins to serve the pool that started this thread. */
export function serveTasks<Task, Answer>({ perform, refusal }: TaskProgram<Task, Answer>): void {
  const { answersAhead, current, claims } = workerData as WorkerStart<unknown>;
  const port = parentPort!;
  const stopped = new Set<number>();
  /** Answers that may still be sent of the task in work. */
  let credit = 0;
  let wake = () => {};
  /** Tasks that arrived and were not begun. */
  let queued = 0;
  let work: Promise<void> = Promise.resolve();
  let held: FromWorker<Answer>[] = [];
  let heldBuffers: ArrayBuffer[] = [];
  let heldSince = 0;

  function post(message: FromWorker<Answer>, transfer: readonly ArrayBuffer[] = []): void {
    port.postMessage([...held, message], [...heldBuffers, ...transfer]);
    held = [];
    heldBuffers = [];
  }

  /** Holds the end of a task back while more tasks follow at once. */
  function postEnd(message: FromWorker<Answer>, transfer: readonly ArrayBuffer[] = []): void {
    if (held.length === 0) heldSince = performance.now();
    if (queued < 2 || held.length >= mostHeld || performance.now() - heldSince > mostHeldMs) {
      post(message, transfer);
      return;
    }
    held.push(message);
    heldBuffers.push(...transfer);
  }

  async function performOne(id: number, place: number, task: Task): Promise<void> {
    queued--;
    if (Atomics.compareExchange(claims, place, unclaimed, begun) !== unclaimed) {
      stopped.delete(id);
      postEnd({ kind: "skipped", id });
      return;
    }
    Atomics.store(current, 0, id);
    credit = answersAhead;
    let sent = 0;
    let isOver = false;
    try {
      await perform(task, async (answer, { isLast, transfer }) => {
        while (credit === 0 && !stopped.has(id)) await new Promise<void>((resolve) => (wake = resolve));
        if (stopped.delete(id) || isOver) return false;
        credit--;
        isOver = isLast;
        // A task with earlier answers cannot be given to another thread, should this one die: its end must not wait.
        const send = sent++ === 0 && isLast ? postEnd : post;
        send({ kind: "answer", id, answer, isLast }, transfer);
        return !isLast;
      });
      if (!isOver) post({ kind: "stopped", id });
    } catch (error) {
      const { code, facts, remedy } = refusal(error);
      postEnd({ kind: "refused", id, error: { code, facts, remedy } });
    }
  }

  port.on("message", (message: ToWorker<Task>) => {
    if (message.kind === "taken") credit++;
    else if (message.kind === "stop") stopped.add(message.id);
    else {
      queued++;
      work = work.then(() => performOne(message.id, message.place, message.task));
    }
    wake();
  });
  post({ kind: "ready" });
}

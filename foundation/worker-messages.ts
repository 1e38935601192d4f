// The messages between a worker pool and its threads.
import type { SentError } from "./errors.ts";

export type ToWorker<Task> =
  /** `place` is the task's in `claims`. */
  | { readonly kind: "task"; readonly id: number; readonly place: number; readonly task: Task }
  /** The reader took an answer: another may be sent. */
  | { readonly kind: "taken"; readonly id: number }
  /** Nobody reads further answers of this task. */
  | { readonly kind: "stop"; readonly id: number };

export type FromWorker<Answer> =
  /** The thread has loaded its program. */
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer; readonly isLast: boolean }
  | { readonly kind: "stopped"; readonly id: number }
  /** The task was taken back before it was begun. */
  | { readonly kind: "skipped"; readonly id: number }
  | { readonly kind: "refused"; readonly id: number; readonly error: SentError };

/** What a thread is started with. */
export interface WorkerStart<Settings> {
  readonly settings: Settings;
  /** Answers of a task that may be sent before the reader takes them. */
  readonly answersAhead: number;
  /** The id of the task in work, in shared memory: it tells which task killed a thread. */
  readonly current: Int32Array<SharedArrayBuffer>;
  /** Of each task that was given, by its place: unclaimed, or what claimed it, the thread that begins it or the pool that takes it back. */
  readonly claims: Int32Array<SharedArrayBuffer>;
}

export const [unclaimed, begun, takenBack] = [0, 1, 2] as const;

// The messages between a worker pool and its threads.
import type { SentError } from "./errors.ts";

export type ToWorker<Task> =
  | { readonly kind: "task"; readonly id: number; readonly task: Task }
  /** The reader took an answer: another may be sent. */
  | { readonly kind: "taken"; readonly id: number }
  /** Nobody reads further answers of this task. */
  | { readonly kind: "stop"; readonly id: number };

export type FromWorker<Answer> =
  /** The thread has loaded its program. */
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer; readonly isLast: boolean }
  | { readonly kind: "stopped"; readonly id: number }
  | { readonly kind: "refused"; readonly id: number; readonly error: SentError };

/** What a thread is started with. */
export interface WorkerStart<Settings> {
  readonly settings: Settings;
  /** Answers of a task that may be sent before the reader takes them. */
  readonly answersAhead: number;
  /** The id of the task in work, in shared memory: it tells which task killed a thread. */
  readonly current: Int32Array<SharedArrayBuffer>;
}

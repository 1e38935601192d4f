// The option of every function that waits: a signal that ends the wait.

/** For functions that wait. */
export interface Waiting {
  /** Ends the wait with an error; without a signal it lasts as long as it takes. */
  readonly signal?: AbortSignal;
}

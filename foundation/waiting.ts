// What every function that waits takes: a signal that ends the wait.

export interface Waiting {
  readonly signal?: AbortSignal;
}

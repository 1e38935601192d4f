// The option of every function that waits: a signal that ends the wait.

export interface Waiting {
  readonly signal?: AbortSignal;
}

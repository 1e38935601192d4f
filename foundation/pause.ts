// Waiting that ends at once when its reader gives up, and that never outlives it.
import type { Waiting } from "./waiting.ts";

/** @throws the signal's reason */
export function pause(milliseconds: number, { signal }: Waiting = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A shared piece of work, seen by one of its readers, who may give up without stopping it. @throws the signal's reason */
export function abandonable<T>(work: Promise<T>, { signal }: Waiting = {}): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

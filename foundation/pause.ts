// Waiting that ends at once when its signal aborts, and leaves no timer behind.
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

/** Waits for shared work; an abort ends the wait and not the work. @throws the signal's reason */
export function abandonable<T>(work: Promise<T>, { signal }: Waiting = {}): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

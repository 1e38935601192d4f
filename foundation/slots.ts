// A limit on how many run at once; the others wait in order of arrival.
import { FedError } from "./errors.ts";

export interface Slots {
  /** Resolves to the release function once a slot is free. @throws ABORTED */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();
  const release = () => {
    free++;
    const next = waiting.values().next().value;
    if (next) next();
  };
  const occupy = () => {
    free--;
    let held = true;
    return () => {
      if (held) release();
      held = false;
    };
  };
  return {
    take(signal) {
      if (free > 0) return Promise.resolve(occupy());
      return new Promise((resolve, reject) => {
        const abort = () => {
          waiting.delete(enter);
          reject(new FedError("ABORTED", {}, { cause: signal.reason }));
        };
        const enter = () => {
          waiting.delete(enter);
          signal.removeEventListener("abort", abort);
          resolve(occupy());
        };
        if (signal.aborted) return abort();
        signal.addEventListener("abort", abort, { once: true });
        waiting.add(enter);
      });
    },
  };
}

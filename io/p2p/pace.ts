// How fast one peer may ask: a bucket of tokens that refills steadily. Who asks faster waits, and is not refused:
// the pull protocol then slows down by itself.
import { setTimeout as delay } from "node:timers/promises";

export interface Pace {
  /** Resolves when it is this request's turn. Rejects only when the signal aborts. */
  turn(signal: AbortSignal): Promise<void>;
  /** Takes a token if there is one now. */
  tryTurn(): boolean;
}

/** @param perSecond requests a second; as many may come at once after a second of silence */
export function createPace(perSecond: number, now: () => number = () => performance.now()): Pace {
  let tokens = perSecond;
  let updated = now();
  const refill = () => {
    const time = now();
    tokens = Math.min(perSecond, tokens + ((time - updated) / 1000) * perSecond);
    updated = time;
  };
  return {
    async turn(signal) {
      refill();
      tokens -= 1; // below zero: a place in the queue
      if (tokens < 0) await delay((-tokens / perSecond) * 1000, undefined, { signal });
    },
    tryTurn() {
      refill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

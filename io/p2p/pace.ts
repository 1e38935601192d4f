// How fast a peer may ask: a bucket of tokens that refills steadily. A peer that asks faster waits and is not refused:
// since it asks for one thing after another, it slows down by itself.
import { setTimeout as delay } from "node:timers/promises";

export interface Pace {
  /** Resolves when it is this request's turn. Rejects only when the signal aborts. */
  turn(signal: AbortSignal): Promise<void>;
  /** Takes so many tokens at once, and returns the milliseconds until it is their turn. */
  reserve(tokens: number): number;
  /** Takes so many tokens if they are there now. */
  tryTurn(tokens?: number): boolean;
}

/** @param perSecond tokens a second; @param burst tokens after a time of silence, by default those of one second */
export function createPace(
  perSecond: number,
  { burst = perSecond, now = () => performance.now() }: { burst?: number; now?: () => number } = {},
): Pace {
  let tokens = burst;
  let updated = now();
  const refill = () => {
    const time = now();
    tokens = Math.min(burst, tokens + ((time - updated) / 1000) * perSecond);
    updated = time;
  };
  const reserve = (count: number) => {
    refill();
    tokens -= count; // below zero: a place in the queue
    return Math.max(0, (-tokens / perSecond) * 1000);
  };
  return {
    reserve,
    async turn(signal) {
      const waitMs = reserve(1);
      if (waitMs > 0) await delay(waitMs, undefined, { signal });
    },
    tryTurn(count = 1) {
      refill();
      if (tokens < count) return false;
      tokens -= count;
      return true;
    },
  };
}

// Tries a request to a PACS again where its failure may pass.
import { pause } from "../../foundation/pause.ts";
import type { Patience } from "./patience.ts";
import { isPassing, retryAfterMs } from "./refusals.ts";

/** @throws what the last try threw, and the signal's reason */
export async function withRetries<T>(
  { retriesMs }: Patience,
  signal: AbortSignal,
  tryOnce: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await tryOnce();
    } catch (error) {
      signal.throwIfAborted();
      const waitMs = retriesMs[failures];
      if (waitMs === undefined || !isPassing(error)) throw error;
      await pause(Math.max(waitMs, retryAfterMs(error)), { signal });
    }
  }
}

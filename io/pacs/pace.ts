// A limit on the bytes a second that are asked of a PACS, so that an import does not slow down the clinic.
import { pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";

export interface Pace {
  /** Waits until what was received so far is within the limit. @throws the signal's reason */
  ready(waiting: Waiting): Promise<void>;
  received(bytes: number): void;
}

/** @param bytesPerSecond undefined for no limit */
export function openPace(bytesPerSecond: number | undefined, now: () => number = () => performance.now()): Pace {
  let dueMs = now();
  return {
    async ready(waiting) {
      for (let early = dueMs - now(); early > 0; early = dueMs - now()) await pause(early, waiting);
    },
    received(bytes) {
      if (bytesPerSecond !== undefined) dueMs = Math.max(dueMs, now()) + (bytes / bytesPerSecond) * 1000;
    },
  };
}

// This machine's time as the Clock port.
import { setTimeout as wait } from "node:timers/promises";
import { FedError } from "../../foundation/errors.ts";
import type { Clock } from "../../protocol/ports.ts";

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(milliseconds, { signal } = {}) {
    try {
      await wait(milliseconds, undefined, { signal });
    } catch (cause) {
      throw new FedError("ABORTED", { what: "sleep" }, { cause });
    }
  },
};

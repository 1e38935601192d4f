// `consilium import --watch`: imports again and again, so that a PACS's new studies join the shard. An import that changes
// nothing takes a moment, and a trainer reads the new shard when its next round begins.
import { isFedError } from "../../foundation/errors.ts";
import { pause } from "../../foundation/pause.ts";
import { isServerFailure } from "../../imaging/source/image-server.ts";

export interface Watching {
  readonly everyMs: number;
  /** Ends the watch between two imports. */
  readonly signal: AbortSignal;
  /** Called with a failure that may pass: the next import may succeed. */
  readonly onFailure: (error: unknown) => void;
  readonly wait?: typeof pause;
}

/** @throws what `importOnce` throws, unless it may pass, and the signal's reason */
export async function importRepeatedly(
  importOnce: () => Promise<void>,
  { everyMs, signal, onFailure, wait = pause }: Watching,
): Promise<never> {
  for (;;) {
    try {
      await importOnce();
    } catch (error) {
      if (!mayPass(error)) throw error;
      onFailure(error);
    }
    await wait(everyMs, { signal });
  }
}

/** The PACS is down for a night, a network drive is away, or nothing matches yet. */
function mayPass(error: unknown): boolean {
  return isServerFailure(error) || isFedError(error, "PACS_NO_STUDIES", "ARCHIVE_UNREADABLE", "ARCHIVE_EMPTY");
}

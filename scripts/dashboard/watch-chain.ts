// Reads the contract for the page, once a second while somebody looks.
import type { Watcher } from "../../dashboard/server/feed.ts";
import { keptRounds } from "../../dashboard/state/state.ts";
import { pause } from "../../foundation/pause.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Ledger } from "../../protocol/ports.ts";

const everyMs = 1_000;

/** @param open gives the ledger, and whether it is the page's own, to be closed; undefined while there is none */
export function watchChain(
  open: () => Pick<Ledger, "chainTime" | "members" | "latestRound" | "round"> | undefined,
): Watcher {
  return async (tell, signal) => {
    /** The rounds before it have been read, and do not change any more. */
    let from = 0;
    while (!signal.aborted) {
      const ledger = open();
      try {
        if (ledger) {
          const [time, members] = [await ledger.chainTime({ signal }), await ledger.members({ signal })];
          const latest = await ledger.latestRound({ signal });
          const rounds = [];
          // The one before the newest may still gain votes for the record.
          for (let id = Math.max(1, from, latest - keptRounds + 1); id <= latest; id++)
            rounds.push(await ledger.round(id as RoundId, { signal }));
          from = Math.max(1, latest - 1);
          tell({ kind: "chain", time, readAt: Date.now(), members, rounds });
        }
      } catch {
        // The party's own log says which endpoint failed; the page keeps what it has, and asks again.
      }
      await pause(everyMs, { signal }).catch(() => {});
    }
  };
}

// The contract's list of members as the network asks for it at every connection and message, kept current.
import type { HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { Clock, Ledger, Log } from "../protocol/ports.ts";

export interface MembershipWatch {
  /** The active member that has bound this peer id; undefined for strangers and revoked members. */
  memberOf(peerId: string): HospitalAddress | undefined;
  latestRound(): RoundId;
  /** Calls back whenever members or the latest round may have changed. */
  onChange(listener: () => void): () => void;
  /** Resolves once the signal has aborted and nothing is read any more. */
  readonly ended: Promise<void>;
}

const retryMs = 1000;

/** Reads the members, and goes on doing so until the signal aborts. @throws FedError of the first reading */
export async function watchMembership(
  { ledger, clock, log }: { ledger: Ledger; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<MembershipWatch> {
  const listeners = new Set<() => void>();
  let byPeer = new Map<string, HospitalAddress>();
  let latest = 0 as RoundId;

  const read = async () => {
    const members = await ledger.members({ signal });
    const round = await ledger.latestRound({ signal });
    const now = new Map<string, HospitalAddress>();
    for (const { peerId, address, active } of members) if (active && peerId !== undefined) now.set(peerId, address);
    const same = round === latest && now.size === byPeer.size && [...now].every(([id, who]) => byPeer.get(id) === who);
    byPeer = now;
    latest = round;
    if (!same) for (const listener of listeners) listener();
  };
  const follow = async () => {
    while (!signal.aborted) {
      try {
        for await (const _ of ledger.changes({ signal })) await read();
      } catch (error) {
        if (signal.aborted) return;
        log.warn("membership-unread", { error: error instanceof Error ? error.message : String(error) });
      }
      await clock.sleep(retryMs, { signal }).catch(() => {});
    }
  };

  await read();
  return {
    memberOf: (peerId) => byPeer.get(peerId),
    latestRound: () => latest,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ended: follow(),
  };
}

// Keeps the contract's list of members current: the network checks it at every connection and message.
import type { HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { Clock, Ledger, Log } from "../protocol/ports.ts";

export interface MembershipWatch {
  /** The active member that has bound this peer id; undefined for strangers and revoked members. */
  memberOf(peerId: string): HospitalAddress | undefined;
  latestRound(): RoundId;
  /** Calls back whenever members or the latest round may have changed. */
  onChange(listener: () => void): () => void;
  /** Resolves when the signal has aborted and the last read has ended. */
  readonly ended: Promise<void>;
}

const retryMs = 1000;

/** Reads the members now, and again at every change until the signal aborts. @throws the ledger's codes at the first read */
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
    const bound = new Map<string, HospitalAddress>();
    for (const { peerId, address, active } of members) if (active && peerId !== undefined) bound.set(peerId, address);
    const same =
      round === latest && bound.size === byPeer.size && [...bound].every(([id, member]) => byPeer.get(id) === member);
    byPeer = bound;
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

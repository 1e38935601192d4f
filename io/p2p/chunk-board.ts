// Who fetches which chunk of an object: each chunk is in one peer's hands, until near the end an idle peer takes over
// what a slow one has had for long. Whoever is first wins; the other's request is cancelled.
import { setTimeout as delay } from "node:timers/promises";

/** A chunk that has been in somebody's hands for so long may be asked of one more peer. */
const overdueMs = 2_000;

export interface ChunkTask {
  readonly index: number;
  /** Aborts when another peer has brought the chunk. */
  readonly signal: AbortSignal;
  done(): void;
  giveBack(): void;
}

interface InHand {
  readonly since: number;
  readonly holders: Map<string, AbortController>;
}

export interface ChunkBoard {
  /** The next chunk for this peer; waits while all are in hand; undefined when all are done or the signal aborts. */
  take(peer: string, signal: AbortSignal): Promise<ChunkTask | undefined>;
  finished(): boolean;
}

/** @param missing indices of the chunks to bring */
export function createChunkBoard(missing: readonly number[], { overdue = overdueMs } = {}): ChunkBoard {
  const free = [...missing].reverse();
  const inHand = new Map<number, InHand>();
  let waiters: (() => void)[] = [];
  const announceChange = () => {
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };

  const hand = (index: number, peer: string): ChunkTask => {
    const entry = inHand.get(index) ?? { since: performance.now(), holders: new Map() };
    inHand.set(index, entry);
    const cancel = new AbortController();
    entry.holders.set(peer, cancel);
    return {
      index,
      signal: cancel.signal,
      done() {
        if (inHand.get(index) !== entry) return;
        inHand.delete(index);
        entry.holders.delete(peer);
        for (const other of entry.holders.values()) other.abort();
        announceChange();
      },
      giveBack() {
        if (inHand.get(index) !== entry || entry.holders.get(peer) !== cancel) return;
        entry.holders.delete(peer);
        if (entry.holders.size > 0) return;
        inHand.delete(index);
        free.push(index);
        announceChange();
      },
    };
  };
  /** The chunk that others have held longest and this peer does not; undefined where there is none to be doubled. */
  const slowest = (peer: string): { index: number; dueInMs: number } | undefined => {
    for (const [index, { since, holders }] of inHand) {
      if (holders.size === 1 && !holders.has(peer)) {
        return { index, dueInMs: Math.max(0, since + overdue - performance.now()) };
      }
    }
    return undefined;
  };

  return {
    async take(peer, signal) {
      while (!signal.aborted) {
        const index = free.pop();
        if (index !== undefined) return hand(index, peer);
        if (inHand.size === 0) return undefined;
        const candidate = slowest(peer);
        if (candidate?.dueInMs === 0) return hand(candidate.index, peer);
        const wake = new AbortController();
        waiters.push(() => wake.abort());
        const ended = AbortSignal.any([signal, wake.signal]);
        await delay(candidate?.dueInMs ?? 60_000, undefined, { signal: ended }).catch(() => {});
      }
      return undefined;
    },
    finished: () => free.length === 0 && inHand.size === 0,
  };
}

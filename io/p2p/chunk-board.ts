// Which peer fetches which chunk of an object. Each chunk is assigned to one peer. Near the end an idle peer is assigned
// a chunk that a slow one has had for long; the first answer counts, and the other request is cancelled.
import { setTimeout as delay } from "node:timers/promises";

/** Time after which a chunk may be assigned to a second peer. */
const overdueMs = 2_000;

export interface ChunkTask {
  readonly index: number;
  /** Aborts when another peer has delivered the chunk. */
  readonly signal: AbortSignal;
  done(): void;
  giveBack(): void;
}

interface Assigned {
  readonly since: number;
  readonly holders: Map<string, AbortController>;
}

export interface ChunkBoard {
  /** The next chunk for this peer; waits while all are assigned; undefined when all are done or the signal aborts. */
  take(peer: string, signal: AbortSignal): Promise<ChunkTask | undefined>;
  finished(): boolean;
}

/** @param missing indices of the chunks to fetch */
export function createChunkBoard(missing: readonly number[], { overdue = overdueMs } = {}): ChunkBoard {
  const free = [...missing].reverse();
  const assigned = new Map<number, Assigned>();
  let waiters: (() => void)[] = [];
  const announceChange = () => {
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };

  const assign = (index: number, peer: string): ChunkTask => {
    const entry = assigned.get(index) ?? { since: performance.now(), holders: new Map() };
    assigned.set(index, entry);
    const cancel = new AbortController();
    entry.holders.set(peer, cancel);
    return {
      index,
      signal: cancel.signal,
      done() {
        if (assigned.get(index) !== entry) return;
        assigned.delete(index);
        entry.holders.delete(peer);
        for (const other of entry.holders.values()) other.abort();
        announceChange();
      },
      giveBack() {
        if (assigned.get(index) !== entry || entry.holders.get(peer) !== cancel) return;
        entry.holders.delete(peer);
        if (entry.holders.size > 0) return;
        assigned.delete(index);
        free.push(index);
        announceChange();
      },
    };
  };
  /** The chunk that one other peer has had longest; undefined where there is none. */
  const slowest = (peer: string): { index: number; dueInMs: number } | undefined => {
    for (const [index, { since, holders }] of assigned) {
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
        if (index !== undefined) return assign(index, peer);
        if (assigned.size === 0) return undefined;
        const candidate = slowest(peer);
        if (candidate?.dueInMs === 0) return assign(candidate.index, peer);
        const wake = new AbortController();
        waiters.push(() => wake.abort());
        const ended = AbortSignal.any([signal, wake.signal]);
        await delay(candidate?.dueInMs ?? 60_000, undefined, { signal: ended }).catch(() => {});
      }
      return undefined;
    },
    finished: () => free.length === 0 && assigned.size === 0,
  };
}

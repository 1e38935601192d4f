// Who is answered next, where answers wait for memory. A peer that reads its answers never waits for peers that do not:
// fewest answers under way first, peers that have stalled last, and a slot whose reader takes nothing is taken back
// as soon as somebody waits for it.
import { FedError } from "../../foundation/errors.ts";

export interface AnswerSlot {
  /** Aborts when the slot is taken back. */
  readonly signal: AbortSignal;
  /** The reader has taken bytes. @param waitMs this side's own wait before it sends more, which is not the reader's fault */
  progress(waitMs?: number): void;
  /** @param whole whether the reader took the whole answer. Idempotent. */
  release(whole: boolean): void;
}

export interface AnswerSlots {
  /** @throws ABORTED */
  take(peer: string, signal: AbortSignal): Promise<AnswerSlot>;
}

export interface AnswerSlotsOptions {
  /** Answers under way over all peers. */
  readonly total: number;
  readonly perPeer: number;
  /** A slot of a reader that has taken nothing for so long may be taken back. */
  readonly stalledMs: number;
}

interface Held {
  readonly peer: string;
  readonly taken: AbortController;
  lastProgress: number;
}

interface Waiter {
  readonly peer: string;
  enter(): void;
}

/** Peers that have stalled are remembered up to this number: more than a federation has members. */
const rememberedPeers = 4096;

export function createAnswerSlots({ total, perPeer, stalledMs }: AnswerSlotsOptions): AnswerSlots {
  const held = new Set<Held>();
  const counts = new Map<string, number>();
  /** Slots of peers that have stalled; a whole answer earns one back. */
  const allowances = new Map<string, number>();
  const waiting = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;

  const countOf = (peer: string) => counts.get(peer) ?? 0;
  const allowanceOf = (peer: string) => allowances.get(peer) ?? perPeer;
  const rank = (peer: string) => (allowances.has(peer) ? perPeer : 0) + countOf(peer);
  const setAllowance = (peer: string, count: number) => {
    allowances.delete(peer);
    if (count < perPeer) allowances.set(peer, count);
    if (allowances.size > rememberedPeers) allowances.delete(allowances.keys().next().value!);
  };
  const next = (): Waiter | undefined => {
    let first: Waiter | undefined;
    for (const each of waiting) {
      if (countOf(each.peer) >= allowanceOf(each.peer)) continue;
      if (first === undefined || rank(each.peer) < rank(first.peer)) first = each;
    }
    return first;
  };
  const dispatch = () => {
    while (held.size < total) {
      const waiter = next();
      if (waiter === undefined) break;
      waiting.delete(waiter);
      waiter.enter();
    }
    if (waiting.size > 0) timer ??= setInterval(takeBack, stalledMs / 8).unref();
    else if (timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const takeBack = () => {
    if (held.size < total || next() === undefined) return;
    let slowest: Held | undefined;
    for (const each of held) if (!slowest || each.lastProgress < slowest.lastProgress) slowest = each;
    if (slowest === undefined || performance.now() - slowest.lastProgress < stalledMs) return;
    const now = performance.now();
    for (const each of held) {
      if (each.peer !== slowest.peer || now - each.lastProgress < stalledMs) continue;
      setAllowance(each.peer, 1);
      each.taken.abort(new FedError("BLOB_READER_STALLED", { stalledMs }));
    }
  };
  const occupy = (peer: string): AnswerSlot => {
    const slot: Held = { peer, taken: new AbortController(), lastProgress: performance.now() };
    held.add(slot);
    counts.set(peer, countOf(peer) + 1);
    return {
      signal: slot.taken.signal,
      progress(waitMs = 0) {
        slot.lastProgress = performance.now() + waitMs;
      },
      release(whole) {
        if (!held.delete(slot)) return;
        const left = countOf(peer) - 1;
        if (left > 0) counts.set(peer, left);
        else counts.delete(peer);
        if (whole && allowances.has(peer)) setAllowance(peer, allowanceOf(peer) + 1);
        dispatch();
      },
    };
  };

  return {
    take: (peer, signal) =>
      new Promise((resolve, reject) => {
        const abort = () => {
          waiting.delete(waiter);
          reject(new FedError("ABORTED", {}, { cause: signal.reason }));
          dispatch();
        };
        const waiter: Waiter = {
          peer,
          enter() {
            signal.removeEventListener("abort", abort);
            resolve(occupy(peer));
          },
        };
        if (signal.aborted) return abort();
        signal.addEventListener("abort", abort, { once: true });
        waiting.add(waiter);
        dispatch();
      }),
  };
}

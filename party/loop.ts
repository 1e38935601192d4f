// How every party runs: something changed, look at the world, decide what to do, do it, look again. Deciding is a pure
// function of what was seen, doing is idempotent; so a party that is killed at any instant goes on where the chain says.
import { FedError, isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Clock, Ledger, Log } from "../protocol/ports.ts";

/** Something a party wants to do. Two intents of one name are the same deed; of one lane, at most one runs at a time. */
export interface Intent {
  readonly name: string;
  readonly lane: string;
}

export interface Party<View, Wish extends Intent> {
  observe(waiting: Waiting): Promise<View>;
  /** Everything worth doing now, most urgent first; pure. */
  decide(view: View): readonly Wish[];
  /** Does it, or throws. `wanted` aborts once it is no longer decided, `stop` once the party stops. */
  perform(wish: Wish, view: View, signals: { readonly wanted: AbortSignal; readonly stop: AbortSignal }): Promise<void>;
}

/** Wakes a party: rung by whatever may have changed the world. */
export interface Bell {
  ring(): void;
  /** Forgets that a deed has failed before, and rings: a retry makes sense now. */
  hurry(name: string): void;
}

const firstDelayMs = 250;
const longestDelayMs = 8000;

interface Attempt {
  count: number;
  /** Clock time before which the deed is not tried again. */
  notBefore: number;
}

/**
 * Runs a party until the signal aborts; then waits for the deeds in flight and returns. A deed that failed, or changed
 * nothing, is tried again after a pause that doubles up to 8 s.
 */
export async function runParty<View, Wish extends Intent>(
  ports: { readonly ledger: Pick<Ledger, "changes">; readonly clock: Clock; readonly log: Log },
  party: Party<View, Wish>,
  { signal, onBell }: { signal: AbortSignal; onBell?: (bell: Bell) => void },
): Promise<void> {
  const { clock, log } = ports;
  const stopping = new AbortController();
  const stop = stopping.signal;
  const running = new Map<string, { lane: string; controller: AbortController; done: Promise<void> }>();
  const attempts = new Map<string, Attempt>();
  /** Lanes in which a deed has ended since the last look began: what was seen may be from before it. */
  const endedMeanwhile = new Set<string>();
  let rung = true;
  let wake = () => {};

  const ring = () => {
    rung = true;
    wake();
  };
  const ringAfter = (milliseconds: number) => void clock.sleep(milliseconds, { signal: stop }).then(ring, () => {});
  signal.addEventListener("abort", ring, { once: true });
  onBell?.({
    ring,
    hurry(name) {
      attempts.delete(name);
      ring();
    },
  });

  const start = (wish: Wish, view: View) => {
    const controller = new AbortController();
    const wanted = controller.signal;
    const run = async () => {
      try {
        await party.perform(wish, view, { wanted, stop });
      } catch (error) {
        if (!wanted.aborted) report(log, wish.name, error);
      }
      const count = (attempts.get(wish.name)?.count ?? 0) + 1;
      const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (count - 1));
      attempts.set(wish.name, { count, notBefore: clock.now() + delay });
      running.delete(wish.name);
      endedMeanwhile.add(wish.lane);
      ring();
      ringAfter(delay);
    };
    const entry = { lane: wish.lane, controller, done: Promise.resolve() };
    running.set(wish.name, entry);
    entry.done = run();
  };

  const listening = listen(ports, ring, stop);
  let failures = 0;
  while (!signal.aborted) {
    if (!rung) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    rung = false;
    endedMeanwhile.clear();
    if (signal.aborted) break;
    let view: View;
    let wishes: readonly Wish[];
    try {
      view = await party.observe({ signal });
      wishes = party.decide(view);
      failures = 0;
    } catch (error) {
      if (signal.aborted) break;
      report(log, "observe", error);
      ringAfter(Math.min(longestDelayMs, firstDelayMs * 2 ** failures++));
      continue;
    }
    const wishedNames = new Set(wishes.map(({ name }) => name));
    for (const [name, { controller }] of running)
      if (!wishedNames.has(name)) controller.abort(new FedError("ABORTED", { what: name }));
    for (const name of attempts.keys()) if (!wishedNames.has(name) && !running.has(name)) attempts.delete(name);
    for (const wish of wishes) {
      const laneBusy = [...running.values()].some(({ lane }) => lane === wish.lane);
      // Where the world has changed since, a deed may by now be wanted in another lane than the one it runs in.
      const busy = laneBusy || running.has(wish.name);
      if (busy || endedMeanwhile.has(wish.lane) || clock.now() < (attempts.get(wish.name)?.notBefore ?? 0)) continue;
      start(wish, view);
    }
  }
  stopping.abort(new FedError("ABORTED", { what: "stopping" }));
  for (const { controller } of running.values()) controller.abort(stop.reason);
  await Promise.all([listening, ...[...running.values()].map(({ done }) => done)]);
}

/** Rings for every change on chain, and goes on listening after the ledger failed. */
async function listen(
  { ledger, clock, log }: { ledger: Pick<Ledger, "changes">; clock: Clock; log: Log },
  ring: () => void,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    try {
      for await (const _ of ledger.changes({ signal: stop })) ring();
    } catch (error) {
      if (!stop.aborted) report(log, "listen", error);
    }
    await clock.sleep(firstDelayMs, { signal: stop }).catch(() => {});
  }
}

function report(log: Log, deed: string, error: unknown): void {
  if (isFedError(error)) log.warn("deed-failed", { deed, code: error.code, ...error.facts });
  else
    log.error("deed-broken", { deed, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

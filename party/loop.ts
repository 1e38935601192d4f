// The loop that every party runs: wait for a change, observe, decide, act, repeat. Decisions are pure and actions are
// idempotent, so a party that was killed at any instant continues from what the chain says.
import { FedError, isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Clock, Ledger, Log } from "../protocol/ports.ts";

/** Something that a party decides to do. Two actions of one name are the same; of one lane, at most one runs at a time. */
export interface Action {
  readonly name: string;
  readonly lane: string;
}

export interface Party<View, Decided extends Action> {
  observe(waiting: Waiting): Promise<View>;
  /** All actions that make sense now, the most urgent first; pure. */
  decide(view: View): readonly Decided[];
  /** Performs the action or throws. `wanted` aborts when the action is no longer decided, `stop` when the party stops. */
  perform(
    action: Decided,
    view: View,
    signals: { readonly wanted: AbortSignal; readonly stop: AbortSignal },
  ): Promise<void>;
}

const firstDelayMs = 250;
const longestDelayMs = 8000;

interface Attempts {
  count: number;
  /** Clock time before which the action is not tried again. */
  notBefore: number;
}

interface Running {
  readonly lane: string;
  readonly controller: AbortController;
  done: Promise<void>;
}

/** An action that failed, or changed nothing, is tried again after a pause that doubles up to 8 s. */
export class PartyLoop<View, Decided extends Action> {
  readonly #ports: { readonly ledger: Pick<Ledger, "changes">; readonly clock: Clock; readonly log: Log };
  readonly #party: Party<View, Decided>;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Running>();
  readonly #attempts = new Map<string, Attempts>();
  /** Lanes in which an action has ended since the last observation began: the view may be older than the action's end. */
  readonly #endedLanes = new Set<string>();
  #wakePending = true;
  #resume = () => {};

  constructor(
    ports: { readonly ledger: Pick<Ledger, "changes">; readonly clock: Clock; readonly log: Log },
    party: Party<View, Decided>,
  ) {
    this.#ports = ports;
    this.#party = party;
  }

  /** Makes the party observe again: something may have changed. */
  wake(): void {
    this.#wakePending = true;
    this.#resume();
  }

  /** Ends the pause after failures of an action: it may succeed now. */
  retryNow(name: string): void {
    this.#attempts.delete(name);
    this.wake();
  }

  /** Runs until the signal aborts, then waits for the actions in flight and returns. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#ports;
    signal.addEventListener("abort", () => this.wake(), { once: true });
    const listening = this.#wakeOnChanges();
    let failures = 0;
    while (!signal.aborted) {
      if (!this.#wakePending) {
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
      }
      this.#wakePending = false;
      this.#endedLanes.clear();
      if (signal.aborted) break;
      try {
        const view = await this.#party.observe({ signal });
        const actions = this.#party.decide(view);
        failures = 0;
        this.#abortUnwanted(actions);
        const busy = new Set([...this.#running.values()].map(({ lane }) => lane));
        for (const action of actions) {
          if (busy.has(action.lane) || !this.#mayStart(action)) continue;
          busy.add(action.lane);
          this.#start(action, view);
        }
      } catch (error) {
        if (signal.aborted) break;
        report(log, "observe", error);
        this.#after(Math.min(longestDelayMs, firstDelayMs * 2 ** failures++));
      }
    }
    this.#stopping.abort(new FedError("ABORTED", { what: "stopping" }));
    for (const { controller } of this.#running.values()) controller.abort(this.#stopping.signal.reason);
    await Promise.all([listening, ...[...this.#running.values()].map(({ done }) => done)]);
  }

  #abortUnwanted(actions: readonly Decided[]): void {
    const decided = new Set(actions.map(({ name }) => name));
    for (const [name, { controller }] of this.#running) {
      if (!decided.has(name)) controller.abort(new FedError("ABORTED", { what: name }));
    }
    for (const name of this.#attempts.keys()) {
      if (!decided.has(name) && !this.#running.has(name)) this.#attempts.delete(name);
    }
  }

  #mayStart({ name, lane }: Decided): boolean {
    // The view may have changed the lane of an action that is still running in its old lane.
    if (this.#running.has(name)) return false;
    if (this.#endedLanes.has(lane)) return false;
    return this.#ports.clock.now() >= (this.#attempts.get(name)?.notBefore ?? 0);
  }

  #start(action: Decided, view: View): void {
    const { clock, log } = this.#ports;
    const { name, lane } = action;
    const controller = new AbortController();
    const wanted = controller.signal;
    const run = async () => {
      try {
        await this.#party.perform(action, view, { wanted, stop: this.#stopping.signal });
      } catch (error) {
        if (!wanted.aborted) report(log, name, error);
      }
      const count = (this.#attempts.get(name)?.count ?? 0) + 1;
      const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (count - 1));
      this.#attempts.set(name, { count, notBefore: clock.now() + delay });
      this.#running.delete(name);
      this.#endedLanes.add(lane);
      this.wake();
      // By then nothing waits for the pause if the action is no longer decided: it has succeeded.
      this.#after(delay, () => this.#attempts.has(name));
    };
    const entry: Running = { lane, controller, done: Promise.resolve() };
    this.#running.set(name, entry);
    entry.done = run();
  }

  /** Wakes the party later, if there is still something to wake it for. */
  #after(milliseconds: number, isWaiting: () => boolean = () => true): void {
    const { clock } = this.#ports;
    void clock.sleep(milliseconds, { signal: this.#stopping.signal }).then(
      () => {
        if (isWaiting()) this.wake();
      },
      () => {},
    );
  }

  /** Wakes the party at every change on chain, and listens again after the ledger failed. */
  async #wakeOnChanges(): Promise<void> {
    const { ledger, clock, log } = this.#ports;
    const stop = this.#stopping.signal;
    while (!stop.aborted) {
      try {
        for await (const _ of ledger.changes({ signal: stop })) this.wake();
      } catch (error) {
        if (!stop.aborted) report(log, "listen", error);
      }
      await clock.sleep(firstDelayMs, { signal: stop }).catch(() => {});
    }
  }
}

function report(log: Log, action: string, error: unknown): void {
  if (isFedError(error)) log.warn("action-failed", { action, code: error.code, ...error.facts });
  else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error("action-broken", { action, error: text });
  }
}

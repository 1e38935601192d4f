// Transfer rates from the counters of successive looks, since only the page needs them.
import type { DashboardState } from "../state/state.ts";

export interface Rate {
  /** Bytes a second. */
  readonly received: number;
  readonly sent: number;
}

export interface RateMoment extends Rate {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Five minutes of one look a second. */
const kept = 300;

export class Rates {
  readonly #last = new Map<string, DashboardState["sights"][number]>();
  readonly #rates = new Map<string, Rate>();
  /** Of all parties together. */
  readonly moments: RateMoment[] = [];

  /** A counter that has become smaller is of a party that was started again. */
  take(sights: DashboardState["sights"]): void {
    let at = 0;
    for (const sight of sights) {
      const before = this.#last.get(sight.party);
      if (before?.at === sight.at) continue;
      this.#last.set(sight.party, sight);
      if (!before || sight.at <= before.at) continue;
      const perSecond = (now: number, then: number) =>
        now < then ? 0 : ((now - then) / (sight.at - before.at)) * 1000;
      this.#rates.set(sight.party, {
        received: perSecond(sight.traffic.receivedBytes, before.traffic.receivedBytes),
        sent: perSecond(sight.traffic.sentBytes, before.traffic.sentBytes),
      });
      at = Math.max(at, sight.at);
    }
    const newest = this.moments.at(-1);
    if (at === 0 || (newest && at - newest.at < 500)) return;
    this.moments.push({ at, ...this.total() });
    if (this.moments.length > kept) this.moments.shift();
  }

  of(party: string): Rate | undefined {
    return this.#rates.get(party);
  }

  total(): Rate {
    const rates = [...this.#rates.values()];
    const sum = (of: (rate: Rate) => number) => rates.reduce((all, rate) => all + of(rate), 0);
    return { received: sum(({ received }) => received), sent: sum(({ sent }) => sent) };
  }
}

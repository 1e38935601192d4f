// A party's part in rounds with private sums that hospitals and aggregators share: what it observes, and how it performs the
// actions that both decide in the same way.
import type { RoundState } from "../protocol/contract/round.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import { sumPlanOfRound } from "../protocol/judge/collect-private.ts";
import type { CollectPorts } from "../protocol/judge/collecting.ts";
import { openedSums } from "../protocol/judge/opened-sums.ts";
import { sealedUpdates } from "../protocol/judge/private-model.ts";
import { dealerFacts, leftOut } from "../protocol/judge/sealing.ts";
import type { Clock, Gossip, Ledger } from "../protocol/ports.ts";
import { recoverKey } from "./recover-key.ts";
import type { RoundView } from "./round-actions.ts";
import type { RoundWatch } from "./round-watch.ts";
import type { SumAction } from "./sum-actions.ts";
import type { SumEvent } from "./sum-events.ts";
import { SumObjects } from "./sum-objects.ts";
import type { SumObservations } from "./sum-observations.ts";
import { SumWatch } from "./sum-watch.ts";

export interface SumPorts extends CollectPorts {
  readonly ledger: Ledger;
  readonly gossip: Gossip;
  readonly clock: Clock;
}

export class SumRound {
  readonly objects: SumObjects;
  readonly #ports: SumPorts;
  readonly #watch: SumWatch;
  readonly #emit: (event: SumEvent) => void;

  /** @param wake called when what a member announced may change what this party decides */
  constructor(
    ports: SumPorts,
    watch: RoundWatch,
    on: { readonly emit: (event: SumEvent) => void; readonly wake: () => void },
  ) {
    this.#ports = ports;
    this.#emit = on.emit;
    this.#watch = new SumWatch(ports, watch);
    this.objects = new SumObjects(ports, (own) => {
      if (this.receive(own)) on.wake();
    });
  }

  /** Takes in the newest round. */
  follow(round: RoundState | undefined): SumObservations & { readonly announced: readonly Announcement[] } {
    this.#watch.follow(round);
    return { ...this.#watch.observations(), announced: round ? this.objects.of(round.id) : [] };
  }

  /** Takes in a gossip message. @returns whether it is new */
  receive(announcement: Announcement): boolean {
    return this.#watch.receive(announcement);
  }

  /** @throws BLOB_UNAVAILABLE, ABORTED, the contract's own code */
  async perform(
    action: SumAction,
    view: RoundView,
    { wanted, stop }: { readonly wanted: AbortSignal; readonly stop: AbortSignal },
  ): Promise<void> {
    const { context, collected, sum, now } = view;
    const { round } = action;
    if (context.status !== "ready") return;
    switch (action.kind) {
      case "read-object": {
        const { ring } = await sumPlanOfRound(this.#ports, { round, context });
        const fault = await this.#watch.read(action.object, { round, ring }, { signal: wanted });
        const { kind: object } = action.object;
        if (fault) this.#emit({ event: "invalid-object", round: round.id, object, ...fault });
        return;
      }
      case "seal": {
        const { included } = action;
        await this.#ports.ledger.sealRound({ round: round.id, included }, { signal: stop });
        this.#emit({ event: "sealed", round: round.id, included: included.length });
        for (const { member, reason } of leftOut(round, dealerFacts(round, { ...sum, collected }), now)) {
          this.#emit({ event: "left-out", round: round.id, member, reason });
        }
        return;
      }
      case "recover-key": {
        const { ring } = await sumPlanOfRound(this.#ports, { round, context });
        const opened = openedSums(round, context, sealedUpdates(round, collected));
        if (!opened) return;
        const recovered = recoverKey({ round, context, opened, openings: sum.openings, ring });
        if ("key" in recovered) return this.objects.publish("key", round.id, recovered.key);
        for (const member of recovered.wrong) {
          this.#watch.refute(member);
          this.#emit({ event: "invalid-object", round: round.id, object: "opening", member, code: "OPENING_WRONG" });
        }
        return;
      }
      case "repeat":
        return this.objects.repeat(round.id);
    }
  }
}

// The real contract as a script plays on it: calls at chosen block times, and the state that its events give.
import { FedError } from "../../../foundation/errors.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import { RoundHistory } from "../../../protocol/contract/round-history.ts";
import type { ContractState } from "../../../protocol/contract/state.ts";
import type { HospitalAddress } from "../../../protocol/format/digest.ts";
import type { AnyCall } from "../../fakes/contract.ts";
import type { RealContract } from "../real-contract.ts";

export class PlayedChain {
  readonly real: RealContract;
  /** How often each thing happened. */
  readonly seen = new Map<string, number>();
  history = new RoundHistory({ keep: Number.POSITIVE_INFINITY });
  events: readonly LedgerEvent[] = [];
  /** Block time of the last call, seconds. */
  time = 0;

  constructor(real: RealContract) {
    this.real = real;
  }

  /** @returns whether the contract took the call */
  async send(by: HospitalAddress, call: AnyCall): Promise<boolean> {
    const time = ++this.time;
    const { error, logs } = await this.real.send({ by, call }, this.state, time);
    this.count(`${call.name} ${error ?? "taken"}`);
    if (error === undefined) this.follow(logs);
    return error === undefined && logs.length > 0;
  }

  follow(logs: Parameters<RealContract["events"]>[0]): void {
    for (const event of this.real.events(logs, this.time, () => this.history.members)) {
      const broken = this.history.apply(event);
      if (broken.length > 0) throw new FedError("UNEXPECTED", { event: event.kind, rule: broken[0]!.rule });
      this.events = [...this.events, event];
    }
  }

  get state(): ContractState {
    return this.history.state;
  }

  newest() {
    return this.state.round!;
  }

  opening() {
    const { plan, latestModel } = this.state;
    return { plan: plan!, base: latestModel! };
  }

  keyOf(member: number): HospitalAddress {
    return this.state.members[member]!.key;
  }

  isActive(member: number): boolean {
    return this.state.members[member]!.revokedAt === undefined;
  }

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }
}

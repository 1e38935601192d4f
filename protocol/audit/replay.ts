// Applies the contract's rules once more to its events (protocol/contract/apply.ts). The real contract never breaks them;
// a forged history does, and so do the events of an RPC endpoint that lies, before any object is fetched.
import { apply, brokenAtEnd } from "../contract/apply.ts";
import type { BrokenRule } from "../contract/broken-rule.ts";
import type { EventPlace, LedgerEvent } from "../contract/events.ts";
import type { PrivateSums, RoundState, RoundTerms } from "../contract/round.ts";
import { roundStateOf } from "../contract/round-view.ts";
import { type ContractState, contractBeforeEvents, everIndexOf, type RoundRecord } from "../contract/state.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { findingOf } from "./broken-rule-findings.ts";
import type { Finding } from "./finding.ts";
import type { MemberReport } from "./report.ts";

/** A round that is over, or the one that still runs, with the rules that its events break. */
export interface AuditedRound {
  /** Hospitals are named by the key that they committed with, others by the one when the next round opened. */
  readonly state: RoundState;
  readonly openedAt: EventPlace;
  readonly findings: readonly Finding[];
  /** What the contract was founded with, and the seals until the next round opened; undefined without private sums. */
  readonly privateSums: PrivateSums | undefined;
  /** Whether two addresses are keys of one member. */
  readonly isSameMember: (a: HospitalAddress, b: HospitalAddress) => boolean;
}

export class Replay {
  /** Broken rules that are about no round in particular. */
  readonly findings: Finding[] = [];
  #state: ContractState = contractBeforeEvents;
  #roundFindings: Finding[] = [];
  /** The last final model. */
  #model: Digest | undefined;

  get terms(): RoundTerms | undefined {
    return this.#state.terms;
  }

  get privateSums(): PrivateSums | undefined {
    return this.#state.privateSums;
  }

  get model(): Digest | undefined {
    return this.#model;
  }

  /** @returns the round before, once the next one opens */
  apply(event: LedgerEvent): AuditedRound | undefined {
    const before = this.#state;
    const { state, broken } = apply(before, event);
    this.#state = state;
    if (event.kind === "round-finalised" && state.round?.model === event.model) this.#model = event.model;
    if (event.kind !== "round-opened") {
      this.#add(broken, before.round);
      return undefined;
    }
    const missing = brokenAtEnd(before);
    this.#add(missing, before.round);
    const ended = before.round && this.#audited(before.round);
    this.#roundFindings = [];
    this.#add(broken.slice(missing.length), state.round);
    return ended;
  }

  /** The last round, finished or not. */
  end(): AuditedRound | undefined {
    const { round } = this.#state;
    this.#add(brokenAtEnd(this.#state), round);
    return round && this.#audited(round);
  }

  members(): readonly MemberReport[] {
    const { members, keys } = this.#state;
    return members.map(({ index, role, admittedAt, revokedAt }) => ({
      index,
      role,
      admittedAt,
      addresses: keys.of(index),
      revokedAt,
    }));
  }

  #add(broken: readonly BrokenRule[], round: RoundRecord | undefined): void {
    for (const each of broken) {
      const isOfRound = round !== undefined && each.round === round.id;
      (isOfRound ? this.#roundFindings : this.findings).push(findingOf(each));
    }
  }

  #audited(round: RoundRecord): AuditedRound {
    const { members, keys, privateSums } = this.#state;
    const committedWith = new Map(round.commitments.map(({ member, signer }) => [member, signer]));
    const nameOf = (index: number) => committedWith.get(index) ?? members[index]!.key;
    const indexOf = (address: HospitalAddress) => everIndexOf({ keys }, address);
    return {
      state: roundStateOf(round, nameOf),
      openedAt: round.openedAt,
      findings: this.#roundFindings,
      privateSums,
      isSameMember: (a, b) => a === b || (indexOf(a) !== undefined && indexOf(a) === indexOf(b)),
    };
  }
}

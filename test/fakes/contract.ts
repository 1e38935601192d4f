// The contract in memory: a call becomes the event that the contract would emit, and the one set of rules
// (protocol/contract/apply.ts) judges whether it may. test/contracts/rules.test.ts holds it against the real contract.

import { FedError } from "../../foundation/errors.ts";
import { apply } from "../../protocol/contract/apply.ts";
import type { ContractRule } from "../../protocol/contract/broken-rule.ts";
import type { ContractEvent, LedgerEvent } from "../../protocol/contract/events.ts";
import type { Member, MemberRole, PrivateSums, RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import { RoundHistory } from "../../protocol/contract/round-history.ts";
import { hasPrivateSums } from "../../protocol/contract/rules/sealing.ts";
import { activeHospitals, activeIndexOf, type ContractState, type RoundRecord } from "../../protocol/contract/state.ts";
import type { Digest, HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import type { Ledger, SignedCommitment } from "../../protocol/ports.ts";
import { refusalOf } from "./contract-errors.ts";

/** What a party's ledger writes. */
export type ContractCall =
  | { readonly name: "openRound"; readonly args: Parameters<Ledger["openRound"]>[0] }
  | { readonly name: "commitUpdate"; readonly args: Parameters<Ledger["commitUpdate"]>[0] }
  | { readonly name: "sealRound"; readonly args: Parameters<Ledger["sealRound"]>[0] }
  | { readonly name: "proposeModel"; readonly args: Parameters<Ledger["proposeModel"]>[0] }
  | { readonly name: "attest"; readonly args: Parameters<Ledger["attest"]>[0] }
  | { readonly name: "expire"; readonly args: { readonly round: RoundId } }
  | {
      readonly name: "commitUpdates";
      readonly args: { readonly round: RoundId; readonly signed: readonly Omit<SignedCommitment, "signature">[] };
    }
  | {
      readonly name: "attestFor";
      readonly args: { readonly round: RoundId; readonly proposal: number; readonly signed: readonly Vote[] };
    };

/** Every call that changes rounds or members. Those of the owner are not checked for their sender. */
export type AnyCall =
  | ContractCall
  | { readonly name: "agreePlan"; readonly args: { readonly plan: Digest; readonly genesis: Digest } }
  | { readonly name: "rotateKey"; readonly args: { readonly to: HospitalAddress } }
  | { readonly name: "bindPeer"; readonly args: { readonly peerId: string } }
  | { readonly name: "admit"; readonly args: { readonly member: HospitalAddress; readonly role: MemberRole } }
  | { readonly name: "revoke"; readonly args: { readonly member: HospitalAddress } }
  | { readonly name: "setTerms"; readonly args: { readonly terms: RoundTerms } }
  | { readonly name: "pauseUntil"; readonly args: { readonly until: number } };

/** A vote of a batch, in the order of members' indices. */
export interface Vote {
  readonly member: HospitalAddress;
  readonly agree: boolean;
  readonly scores: Digest;
}

type CallOf<Name extends ContractCall["name"]> = Extract<ContractCall, { readonly name: Name }>["args"];

interface Write {
  readonly by: HospitalAddress;
  readonly name: string;
  readonly round: number;
}

export class FakeContract {
  #history = new RoundHistory({ keep: Number.POSITIVE_INFINITY });
  #events: readonly LedgerEvent[] = [];
  #writes: readonly Write[] = [];
  readonly #isCharged: boolean;

  /**
   * @param agreed what the consortium has agreed on; without it, on what the first opener asks for
   * @param privateSums of a federation with private sums
   * @param isCharged false for a contract that counts no seals, against its rules
   */
  constructor(
    terms: RoundTerms,
    agreed?: { readonly plan: Digest; readonly genesis: Digest },
    privateSums?: PrivateSums,
    isCharged = true,
  ) {
    this.#isCharged = isCharged;
    const predecessor = `0x${"00".repeat(20)}` as HospitalAddress;
    this.#take([{ kind: "terms-set", terms }], { time: 0 });
    this.#take([{ kind: "federation-founded", predecessor }], { time: 0 });
    if (privateSums) this.#take([{ kind: "private-sums-founded", ...privateSums }], { time: 0 });
    if (agreed) this.#take([{ kind: "plan-agreed", ...agreed }], { time: 0 });
  }

  get events(): readonly LedgerEvent[] {
    return this.#events;
  }

  /** Every write of a party that the contract took: what was done twice shows here. */
  get writes(): readonly Write[] {
    return this.#writes;
  }

  get state(): ContractState {
    return this.#history.state;
  }

  get members(): readonly Member[] {
    return this.#history.members;
  }

  get rounds(): readonly RoundState[] {
    const newest = this.state.round?.id ?? 0;
    return Array.from({ length: newest }, (_, at) => this.#history.round((at + 1) as RoundId)!);
  }

  clone(): FakeContract {
    const copy = new FakeContract(this.state.terms!, undefined, undefined, this.#isCharged);
    copy.#history = this.#history.clone();
    copy.#events = this.#events;
    copy.#writes = this.#writes;
    return copy;
  }

  /**
   * @param time of the block that the call is in, seconds
   * @throws the contract's reason; the state is then as before
   */
  apply(by: HospitalAddress, call: AnyCall, time: number): RoundId | undefined {
    const events = this.#eventsOf(by, call, time);
    this.#take(events, { time, call });
    const round = call.name === "openRound" ? this.state.round?.id : undefined;
    const inRound = "round" in call.args ? call.args.round : round;
    if (inRound !== undefined) this.#writes = [...this.#writes, { by, name: call.name, round: inRound }];
    return round;
  }

  admit(member: HospitalAddress, role: MemberRole, time: number): void {
    this.apply(member, { name: "admit", args: { member, role } }, time);
  }

  revoke(member: HospitalAddress, time: number): void {
    this.apply(member, { name: "revoke", args: { member } }, time);
  }

  /** The events that the contract emits for a call, but for those that follow from others. */
  #eventsOf(by: HospitalAddress, call: AnyCall, time: number): readonly ContractEvent[] {
    const { state } = this;
    const indexOf = (key: HospitalAddress) => activeIndexOf(state, key) ?? -1;
    switch (call.name) {
      case "openRound":
        return this.#opening(by, call.args, time);
      case "commitUpdate":
        return [{ kind: "update-committed", member: by, ...call.args }];
      case "commitUpdates":
        return call.args.signed.map((each) => ({ kind: "update-committed", round: call.args.round, ...each }));
      case "sealRound":
        return [this.#seal(by, call.args, time)];
      case "proposeModel":
        return this.#proposal(by, call.args, time);
      case "attest":
        return [this.#attestation(by, call.args)];
      case "attestFor":
        return this.#votes(call.args, time);
      case "agreePlan":
        return [{ kind: "plan-agreed", ...call.args }];
      case "expire":
        return [expiryOf(this.#newest(call.args.round))];
      case "rotateKey":
        return [{ kind: "member-rotated", from: by, to: call.args.to, index: indexOf(by) }];
      case "bindPeer":
        return [{ kind: "peer-bound", member: by, index: indexOf(by), peerId: call.args.peerId }];
      case "admit":
        return [{ kind: "member-admitted", index: state.members.length, ...call.args }];
      case "revoke":
        return [{ kind: "member-revoked", member: call.args.member, index: indexOf(call.args.member) }];
      case "setTerms":
        return [{ kind: "terms-set", terms: call.args.terms }];
      case "pauseUntil":
        return [{ kind: "rounds-paused", until: call.args.until }];
    }
  }

  #newest(id: RoundId): RoundRecord {
    const { round } = this.state;
    if (!round || round.id !== id) throw new FedError("ROUND_MISMATCH", { roundId: id });
    return round;
  }

  #opening(opener: HospitalAddress, asked: CallOf<"openRound">, time: number): readonly ContractEvent[] {
    const { round, latestModel, nextTerms, plan = asked.plan } = this.state;
    const terms = nextTerms ?? this.state.terms;
    const base = latestModel ?? asked.base;
    // The contract is not asked for a plan or a base: the ledger refuses to open on others (io/chain/ledger.ts).
    if (plan !== asked.plan) throw new FedError("PLAN_NOT_AGREED", { plan: asked.plan, agreed: plan });
    if (base !== asked.base) throw new FedError("BASE_NOT_LAST_MODEL", { base: asked.base, expected: base });
    const members = activeHospitals(this.state).map(({ key }) => key);
    const commitBy = time + terms!.commitPeriod;
    const id = ((round?.id ?? 0) + 1) as RoundId;
    const proposeBy = commitBy + terms!.proposePeriod;
    const opened: ContractEvent = { kind: "round-opened", round: id, opener, plan, base, members, commitBy, proposeBy };
    const isAgreed = this.state.plan !== undefined && latestModel !== undefined;
    return isAgreed ? [opened] : [{ kind: "plan-agreed", plan, genesis: base }, opened];
  }

  #seal(member: HospitalAddress, { round: id, included }: CallOf<"sealRound">, time: number): ContractEvent {
    const { commitmentsHash, privateSums } = this.state;
    if (!hasPrivateSums(this.state)) throw new FedError("SEALS_NONE", {});
    const { opener, commitBy, proposeBy: sealBy } = this.#newest(id);
    const isOpener = opener.index === activeIndexOf(this.state, member);
    const proposeBy = isOpener ? time + (sealBy - commitBy) : time;
    const seals = (privateSums?.seals ?? 0) + (this.#isCharged ? 1 : 0);
    return { kind: "round-sealed", round: id, member, included, seals, commitmentsHash, proposeBy };
  }

  #proposal(
    proposer: HospitalAddress,
    { round: id, model, included }: CallOf<"proposeModel">,
    time: number,
  ): readonly ContractEvent[] {
    const { commitmentsHash, terms } = this.state;
    const { status, deadline, proposals } = this.#newest(id);
    const proposed: ContractEvent = {
      kind: "model-proposed",
      round: id,
      attestBy: time + terms!.attestPeriod,
      commitmentsHash,
      number: proposals.length + 1,
      proposer,
      model,
      included,
    };
    // An overdue proposal makes way for another.
    if (status !== "proposed" || time <= deadline) return [proposed];
    return [{ kind: "proposal-closed", round: id, proposal: proposals.length, status: "expired" }, proposed];
  }

  #attestation(member: HospitalAddress, { round: id, proposal, agree, scores }: CallOf<"attest">): ContractEvent {
    const { proposals, status } = this.#newest(id);
    // The contract gets the model, as a ledger finds it by the proposal's number.
    const model = proposals.find(({ number }) => number === proposal)?.model;
    if (!model) throw new FedError("PROPOSAL_UNKNOWN", { round: id, proposal });
    const newest = proposals.at(-1)!;
    if (newest.model !== model) {
      const isOpen = status === "proposed" || status === "final";
      throw new FedError(isOpen ? "ATTESTATION_MODEL_MISMATCH" : "ROUND_STATUS", { round: id, proposal });
    }
    return { kind: "attested", round: id, proposal: newest.number, member, agree, scores };
  }

  /** The votes of a batch that hold, as one event; none where no vote holds. */
  #votes({ round: id, proposal, signed }: CallOf<"attestFor">, time: number): readonly ContractEvent[] {
    if (time <= this.state.pausedUntil) throw new FedError("ROUNDS_PAUSED", { until: this.state.pausedUntil });
    const round = this.#newest(id);
    const newest = round.proposals.at(-1);
    if (!newest || (round.status !== "proposed" && round.status !== "final")) {
      throw new FedError("ROUND_STATUS", { round: id });
    }
    if (time > newest.attestBy) throw new FedError("ATTESTATION_LATE", { round: id });
    if (round.proposals.find(({ number }) => number === proposal)?.model !== newest.model) {
      throw new FedError("ATTESTATION_MODEL_MISMATCH", { round: id });
    }
    const voted = new Set(newest.attestations.map(({ member }) => member));
    let last = -1;
    const votes = signed.filter(({ member }) => {
      const index = activeIndexOf(this.state, member) ?? -1;
      // A signature is over the proposal's number too.
      const holds = proposal === newest.number && index > last && round.members.includes(index) && !voted.has(index);
      if (holds) last = index;
      return holds;
    });
    return votes.length > 0 ? [{ kind: "attested-together", round: id, proposal: newest.number, votes }] : [];
  }

  /** Applies events and those that follow from them, all or none. @throws the contract's reason */
  #take(events: readonly ContractEvent[], { time, call }: { time: number; call?: AnyCall }): void {
    let { state } = this;
    const taken: LedgerEvent[] = [];
    const take = (event: ContractEvent) => {
      const at = this.#events.length + taken.length;
      const place = { block: at, blockHash: `0x${at}`, logIndex: at, transaction: `0x${at}`, time };
      const placed: LedgerEvent = { ...place, ...event };
      const outcome = apply(state, placed);
      // A batch skips commitments that do not hold.
      const isSkipped = call?.name === "commitUpdates" && outcome.broken.every(({ rule }) => skippedInBatch.has(rule));
      if (outcome.broken.length > 0 && isSkipped) return;
      const isUncounted = !this.#isCharged && outcome.broken.every(({ rule }) => rule === "SEAL_COUNT");
      if (outcome.broken.length > 0 && !isUncounted) throw refusalOf(outcome.broken);
      taken.push(placed);
      state = outcome.state;
    };
    for (const [at, event] of events.entries()) {
      take(event);
      // What follows is the contract's next event, and the caller's next one breaks a rule if it is another.
      if (at === events.length - 1 || call?.name === "commitUpdates") while (state.due) take(state.due);
    }
    for (const event of taken) this.#history.apply(event);
    this.#events = [...this.#events, ...taken];
  }
}

const skippedInBatch = new Set<ContractRule>([
  "COMMITMENT_DUPLICATE",
  "COMMITMENT_NOT_MEMBER",
  "COMMITMENT_SAMPLE_COUNT",
  "DIGEST_ZERO",
]);

/** What `expire` does where something is due. */
function expiryOf({ id: round, status, proposals }: RoundRecord): ContractEvent {
  if (status !== "proposed") return { kind: "round-abandoned", round };
  return { kind: "proposal-closed", round, proposal: proposals.length, status: "expired" };
}

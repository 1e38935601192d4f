// The rules of TrainingRounds.sol in memory, with its error codes: state that calls change or refuse, and that can be
// copied, so that a simulated chain can take blocks back.

import { FedError } from "../../foundation/errors.ts";
import { nextCommitmentsHash } from "../../protocol/contract/commitments-hash.ts";
import type {
  LedgerEvent,
  Member,
  MemberRole,
  Proposal,
  RoundState,
  RoundTerms,
} from "../../protocol/contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import { zeroDigest } from "../../protocol/format/digest.ts";
import type { Ledger } from "../../protocol/ports.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type WithoutPlace<Event> = Event extends LedgerEvent
  ? Omit<Event, keyof import("../../protocol/contract/round.ts").EventPlace>
  : never;

/** A transaction's content. */
export type ContractCall =
  | { readonly name: "openRound"; readonly args: Parameters<Ledger["openRound"]>[0] }
  | { readonly name: "commitUpdate"; readonly args: Parameters<Ledger["commitUpdate"]>[0] }
  | { readonly name: "proposeModel"; readonly args: Parameters<Ledger["proposeModel"]>[0] }
  | { readonly name: "attest"; readonly args: Parameters<Ledger["attest"]>[0] }
  | { readonly name: "expire"; readonly args: { readonly round: RoundId } };

export class FakeContract {
  readonly events: LedgerEvent[] = [];
  /** Every write that the contract took: what was done twice shows here. */
  readonly writes: { readonly by: HospitalAddress; readonly name: string; readonly round: number }[] = [];
  readonly #terms: RoundTerms;
  readonly #members: Mutable<Member>[] = [];
  readonly #rounds: Mutable<RoundState>[] = [];
  #latestModel: Digest = zeroDigest;
  #commitmentsHash: Digest = zeroDigest;
  /** Time of the block that is being made, seconds. */
  #now = 0;

  constructor(terms: RoundTerms) {
    this.#terms = terms;
    this.#emit({ kind: "terms-set", terms });
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get rounds(): readonly RoundState[] {
    return this.#rounds;
  }

  clone(): FakeContract {
    const copy = new FakeContract(this.#terms);
    copy.events.splice(0, copy.events.length, ...this.events);
    copy.writes.push(...this.writes);
    copy.#members.push(...this.#members.map((member) => ({ ...member })));
    copy.#rounds.push(...this.#rounds.map((round) => ({ ...round })));
    copy.#latestModel = this.#latestModel;
    copy.#commitmentsHash = this.#commitmentsHash;
    return copy;
  }

  /** @throws FedError the contract's reason; the state is then as before */
  apply(by: HospitalAddress, call: ContractCall, now: number): RoundId | undefined {
    this.#now = now;
    switch (call.name) {
      case "openRound":
        return this.#open(by, call.args);
      case "commitUpdate":
        this.#commit(by, call.args);
        return undefined;
      case "proposeModel":
        this.#propose(by, call.args);
        return undefined;
      case "attest":
        this.#attest(by, call.args);
        return undefined;
      case "expire":
        this.#expire(by, call.args.round);
        return undefined;
    }
  }

  admit(address: HospitalAddress, role: MemberRole, now: number): void {
    this.#now = now;
    const index = this.#members.length;
    this.#members.push({ index, role, address, peerId: undefined, active: true });
    this.#emit({ kind: "member-admitted", member: address, index, role });
  }

  revoke(address: HospitalAddress, now: number): void {
    this.#now = now;
    const member = this.#active(address);
    member.active = false;
    this.#emit({ kind: "member-revoked", member: address, index: member.index });
  }

  #emit(event: WithoutPlace<LedgerEvent>): void {
    const logIndex = this.events.length;
    const place = {
      block: logIndex,
      blockHash: `0x${logIndex}`,
      logIndex,
      transaction: `0x${logIndex}`,
      time: this.#now,
    };
    this.events.push({ ...place, ...event } as LedgerEvent);
  }

  #active(address: HospitalAddress): Mutable<Member> {
    const member = this.#members.find((each) => each.address === address);
    if (!member?.active) throw new FedError("MEMBER_UNKNOWN", { account: address });
    return member;
  }

  #newest(id: RoundId): Mutable<RoundState> {
    const round = this.#rounds.at(-1);
    if (!round || round.id !== id) throw new FedError("ROUND_MISMATCH", { roundId: id });
    return round;
  }

  #open(self: HospitalAddress, { plan, base }: { plan: Digest; base: Digest }): RoundId {
    const { commitPeriod, proposePeriod, minUpdates } = this.#terms;
    this.#active(self);
    const before = this.#rounds.at(-1);
    if (before && before.status !== "final" && before.status !== "abandoned") {
      throw new FedError("ROUND_RUNNING", { roundId: before.id });
    }
    if (before?.status === "abandoned" && before.opener === self && this.#now <= before.deadline + proposePeriod) {
      throw new FedError("ROUND_OPENER_MUST_WAIT", {});
    }
    if (this.#latestModel !== zeroDigest && this.#latestModel !== base) throw new FedError("ROUND_BASE_MISMATCH", {});
    const hospitals = this.#members.filter(({ active, role }) => active && role === "hospital");
    if (hospitals.length < minUpdates) throw new FedError("ROUND_TOO_FEW_HOSPITALS", {});
    const id = (this.#rounds.length + 1) as RoundId;
    const members = hospitals.map(({ address }) => address);
    const commitBy = this.#now + commitPeriod;
    const proposeBy = commitBy + proposePeriod;
    this.#rounds.push({
      ...{ id, status: "committing", opener: self, plan, base, members, commitBy, proposeBy, attestBy: 0 },
      ...{ deadline: proposeBy + proposePeriod, commitments: [], proposals: [], model: undefined },
    });
    this.writes.push({ by: self, name: "openRound", round: id });
    this.#emit({ kind: "round-opened", round: id, opener: self, plan, base, members, commitBy, proposeBy });
    return id;
  }

  #commit(self: HospitalAddress, commitment: { round: RoundId; manifest: Digest; sampleCount: number }): void {
    const round = this.#newest(commitment.round);
    this.#active(self);
    if (round.status !== "committing") throw new FedError("ROUND_STATUS", { status: round.status });
    if (this.#now > round.commitBy) throw new FedError("COMMITMENT_LATE", { commitBy: round.commitBy });
    if (!round.members.includes(self)) throw new FedError("MEMBER_NOT_IN_ROUND", { member: self });
    if (round.commitments.some(({ member }) => member === self)) throw new FedError("COMMITMENT_DUPLICATE", {});
    const { manifest, sampleCount } = commitment;
    if (sampleCount < 1 || sampleCount > this.#terms.sampleCap) throw new FedError("COMMITMENT_SAMPLE_COUNT", {});
    round.commitments = [...round.commitments, { member: self, signer: self, manifest, sampleCount }];
    this.writes.push({ by: self, name: "commitUpdate", round: round.id });
    this.#commitmentsHash = nextCommitmentsHash(this.#commitmentsHash, {
      round: round.id,
      member: self,
      manifest,
      sampleCount,
    });
    this.#emit({ kind: "update-committed", round: round.id, member: self, manifest, sampleCount });
  }

  #propose(
    self: HospitalAddress,
    { round: id, model, included }: { round: RoundId; model: Digest; included: readonly HospitalAddress[] },
  ): void {
    const round = this.#newest(id);
    this.#active(self);
    const { proposals, commitments, members } = round;
    if (proposals.some(({ proposer, status }) => proposer === self && status === "refused")) {
      throw new FedError("PROPOSER_REFUSED", { member: self });
    }
    if (round.status === "committing") {
      if (commitments.length < members.length && this.#now <= round.commitBy) throw new FedError("PROPOSAL_EARLY", {});
      if (round.opener !== self && this.#now <= round.proposeBy) throw new FedError("PROPOSAL_RESERVED", {});
    } else if (round.status !== "proposing") throw new FedError("PROPOSAL_OPEN", {});
    if (included.some((each) => !commitments.some(({ member }) => member === each))) {
      throw new FedError("PROPOSAL_NOT_COMMITTED", {});
    }
    if (included.length < this.#terms.minUpdates) throw new FedError("PROPOSAL_TOO_FEW_UPDATES", {});
    const attestBy = this.#now + this.#terms.attestPeriod;
    const number = proposals.length + 1;
    const proposal: Proposal = { number, proposer: self, model, included, attestations: [], status: "open" };
    Object.assign(round, { status: "proposed", attestBy, deadline: attestBy, proposals: [...proposals, proposal] });
    this.writes.push({ by: self, name: "proposeModel", round: id });
    const commitmentsHash = this.#commitmentsHash;
    this.#emit({
      kind: "model-proposed",
      round: id,
      attestBy,
      commitmentsHash,
      number,
      proposer: self,
      model,
      included,
    });
  }

  #attest(
    self: HospitalAddress,
    { round: id, proposal, agree, scores }: { round: RoundId; proposal: number; agree: boolean; scores: Digest },
  ): void {
    const round = this.#newest(id);
    this.#active(self);
    const open = round.proposals.at(-1);
    if (!open || (round.status !== "proposed" && round.status !== "final")) throw new FedError("ROUND_STATUS", {});
    if (open.number !== proposal) throw new FedError("ATTESTATION_MODEL_MISMATCH", {});
    if (round.status === "proposed" && this.#now > round.attestBy) throw new FedError("ATTESTATION_LATE", {});
    if (!round.members.includes(self)) throw new FedError("MEMBER_NOT_IN_ROUND", {});
    if (open.attestations.some(({ member }) => member === self)) throw new FedError("ATTESTATION_DUPLICATE", {});
    const attestations = [...open.attestations, { member: self, agree, scores }];
    const change = (more: Partial<Proposal>) => {
      round.proposals = round.proposals.map((each) => (each === open ? { ...each, attestations, ...more } : each));
    };
    change({});
    this.writes.push({ by: self, name: "attest", round: id });
    this.#emit({ kind: "attested", round: id, proposal, member: self, agree, scores });
    if (round.status === "final") return;
    const agreeing = attestations.filter((each) => each.agree).length;
    const total = round.members.length;
    if (agreeing * 3 > total * 2) {
      round.proposals = round.proposals.map((each) =>
        each.number === proposal ? { ...each, status: "accepted" } : each,
      );
      Object.assign(round, {
        status: "final",
        model: open.model,
        attestBy: 0,
        deadline: this.#now + this.#terms.proposePeriod,
      });
      this.#latestModel = open.model;
      this.#emit({ kind: "round-finalised", round: id, proposal, model: open.model });
    } else if ((total - (attestations.length - agreeing)) * 3 <= total * 2) {
      this.#close(round, "refused");
    }
  }

  #close(round: Mutable<RoundState>, status: "refused" | "expired"): void {
    const open = round.proposals.at(-1) as Proposal;
    round.proposals = round.proposals.map((each) => (each.number === open.number ? { ...each, status } : each));
    this.#emit({ kind: "proposal-closed", round: round.id, proposal: open.number, status });
    if (round.proposals.length >= this.#terms.maxProposals) this.#abandon(round);
    else Object.assign(round, { status: "proposing", attestBy: 0, deadline: this.#now + this.#terms.proposePeriod });
  }

  #abandon(round: Mutable<RoundState>): void {
    Object.assign(round, { status: "abandoned", attestBy: 0, deadline: this.#now });
    this.#emit({ kind: "round-abandoned", round: round.id });
  }

  #expire(self: HospitalAddress, id: RoundId): void {
    const round = this.#rounds.at(-1);
    if (!round || round.id !== id || round.status === "final" || round.status === "abandoned") return;
    const tooFew =
      round.status === "committing" && this.#now > round.commitBy && round.commitments.length < this.#terms.minUpdates;
    if (!tooFew && this.#now <= round.deadline) return;
    this.writes.push({ by: self, name: "expire", round: id });
    if (round.status === "proposed") this.#close(round, "expired");
    else this.#abandon(round);
  }
}

// TrainingRounds.sol in memory: the same rules and error codes, one block a second of virtual time or a transaction.
import type { Digest, HospitalAddress, RoundId } from "../../protocol/digest.ts";
import { zeroDigest } from "../../protocol/digest.ts";
import { FedError } from "../../protocol/errors.ts";
import type { FederationId, Ledger, Waiting } from "../../protocol/ports.ts";
import type { LedgerEvent, Member, MemberRole, Proposal, RoundState, RoundTerms } from "../../protocol/round.ts";
import type { VirtualTime } from "./virtual-time.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type WithoutPlace<Event> = Event extends LedgerEvent
  ? Omit<Event, keyof import("../../protocol/round.ts").EventPlace>
  : never;

export class FakeChain {
  readonly federation: FederationId = { chainId: 31337, contract: `0x${"c0".repeat(20)}` as HospitalAddress };
  readonly events: LedgerEvent[] = [];
  /** Every write that the contract took: what was done twice shows here. */
  readonly writes: { readonly by: HospitalAddress; readonly name: string; readonly round: number }[] = [];
  readonly #time: VirtualTime;
  readonly #terms: RoundTerms;
  readonly #members: Mutable<Member>[] = [];
  readonly #rounds: Mutable<RoundState>[] = [];
  readonly #listeners = new Set<() => void>();
  #latestModel: Digest = zeroDigest;

  constructor(time: VirtualTime, terms: RoundTerms) {
    this.#time = time;
    this.#terms = terms;
    const block = () => {
      time.at(time.now() + 1000, block);
      this.#wake();
    };
    block();
  }

  get now(): number {
    return 1_000_000 + Math.floor(this.#time.now() / 1000);
  }

  admit(address: HospitalAddress, role: MemberRole = "hospital"): void {
    const index = this.#members.length;
    this.#members.push({ index, role, address, peerId: undefined, active: true });
    this.#emit({ kind: "member-admitted", member: address, index, role });
  }

  revoke(address: HospitalAddress): void {
    const member = this.#active(address);
    member.active = false;
    this.#emit({ kind: "member-revoked", member: address, index: member.index });
  }

  get rounds(): readonly RoundState[] {
    return this.#rounds;
  }

  /** The contract as one party sees it. */
  ledger(self: HospitalAddress | undefined): Ledger {
    const writer = () => {
      if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
      return self;
    };
    const chain = this;
    return {
      federation: this.federation,
      self,
      chainTime: async () => chain.now,
      members: async () => chain.#members.map((member) => ({ ...member })),
      latestRound: async () => chain.#rounds.length as RoundId,
      round: async (id) => {
        const round = chain.#rounds[id - 1];
        if (!round) throw new FedError("ROUND_UNKNOWN", { round: id });
        return { ...round };
      },
      async *history() {
        yield* chain.events;
      },
      changes: (waiting) => chain.#changes(waiting),
      openRound: async (opening) => chain.#open(writer(), opening),
      commitUpdate: async (commitment) => chain.#commit(writer(), commitment),
      commitUpdates: async () => {
        throw new FedError("NOT_IN_FAKE", {});
      },
      proposeModel: async (proposal) => chain.#propose(writer(), proposal),
      attest: async (attestation) => chain.#attest(writer(), attestation),
      expire: async (round) => chain.#expire(writer(), round),
    };
  }

  async *#changes({ signal }: Waiting = {}): AsyncIterable<void> {
    let changed = false;
    let wake = () => {};
    const listener = () => {
      changed = true;
      wake();
    };
    this.#listeners.add(listener);
    signal?.addEventListener("abort", listener, { once: true });
    try {
      for (;;) {
        while (!changed && !signal?.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (signal?.aborted) throw new FedError("ABORTED", { what: "changes" });
        changed = false;
        yield;
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  #emit(event: WithoutPlace<LedgerEvent>): void {
    const logIndex = this.events.length;
    const place = {
      block: logIndex,
      blockHash: `0x${logIndex}`,
      logIndex,
      transaction: `0x${logIndex}`,
      time: this.now,
    };
    this.events.push({ ...place, ...event } as LedgerEvent);
    this.#wake();
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
    if (before?.status === "abandoned" && before.opener === self && this.now <= before.deadline + proposePeriod) {
      throw new FedError("ROUND_OPENER_MUST_WAIT", {});
    }
    if (this.#latestModel !== zeroDigest && this.#latestModel !== base) throw new FedError("ROUND_BASE_MISMATCH", {});
    const hospitals = this.#members.filter(({ active, role }) => active && role === "hospital");
    if (hospitals.length < minUpdates) throw new FedError("ROUND_TOO_FEW_HOSPITALS", {});
    const id = (this.#rounds.length + 1) as RoundId;
    const members = hospitals.map(({ address }) => address);
    const commitBy = this.now + commitPeriod;
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
    if (this.now > round.commitBy) throw new FedError("COMMITMENT_LATE", { commitBy: round.commitBy });
    if (!round.members.includes(self)) throw new FedError("MEMBER_NOT_IN_ROUND", { member: self });
    if (round.commitments.some(({ member }) => member === self)) throw new FedError("COMMITMENT_DUPLICATE", {});
    const { manifest, sampleCount } = commitment;
    if (sampleCount < 1 || sampleCount > this.#terms.sampleCap) throw new FedError("COMMITMENT_SAMPLE_COUNT", {});
    round.commitments = [...round.commitments, { member: self, manifest, sampleCount }];
    this.writes.push({ by: self, name: "commitUpdate", round: round.id });
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
      if (commitments.length < members.length && this.now <= round.commitBy) throw new FedError("PROPOSAL_EARLY", {});
      if (round.opener !== self && this.now <= round.proposeBy) throw new FedError("PROPOSAL_RESERVED", {});
    } else if (round.status !== "proposing") throw new FedError("PROPOSAL_OPEN", {});
    if (included.some((each) => !commitments.some(({ member }) => member === each))) {
      throw new FedError("PROPOSAL_NOT_COMMITTED", {});
    }
    if (included.length < this.#terms.minUpdates) throw new FedError("PROPOSAL_TOO_FEW_UPDATES", {});
    const attestBy = this.now + this.#terms.attestPeriod;
    const number = proposals.length + 1;
    const proposal: Proposal = { number, proposer: self, model, included, attestations: [], status: "open" };
    Object.assign(round, { status: "proposed", attestBy, deadline: attestBy, proposals: [...proposals, proposal] });
    this.writes.push({ by: self, name: "proposeModel", round: id });
    this.#emit({ kind: "model-proposed", round: id, attestBy, number, proposer: self, model, included });
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
    if (round.status === "proposed" && this.now > round.attestBy) throw new FedError("ATTESTATION_LATE", {});
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
        deadline: this.now + this.#terms.proposePeriod,
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
    else Object.assign(round, { status: "proposing", attestBy: 0, deadline: this.now + this.#terms.proposePeriod });
  }

  #abandon(round: Mutable<RoundState>): void {
    Object.assign(round, { status: "abandoned", attestBy: 0, deadline: this.now });
    this.#emit({ kind: "round-abandoned", round: round.id });
  }

  #expire(self: HospitalAddress, id: RoundId): void {
    const round = this.#rounds.at(-1);
    if (!round || round.id !== id || round.status === "final" || round.status === "abandoned") return;
    const tooFew =
      round.status === "committing" && this.now > round.commitBy && round.commitments.length < this.#terms.minUpdates;
    if (!tooFew && this.now <= round.deadline) return;
    this.writes.push({ by: self, name: "expire", round: id });
    if (round.status === "proposed") this.#close(round, "expired");
    else this.#abandon(round);
  }
}

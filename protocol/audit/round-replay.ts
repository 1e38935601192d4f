// One round by its events: the state that they add up to, and each rule of TrainingRounds.sol that one of them breaks.

import type { ErrorCode } from "../../foundation/errors.ts";
import type {
  Attestation,
  Commitment,
  EventPlace,
  LedgerEvent,
  Proposal,
  RoundState,
  RoundTerms,
} from "../contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";
import type { Finding } from "./report.ts";
import type { AuditRoster } from "./roster.ts";

/** A round that is over (or the one that still runs), with what about its events does not hold. */
export interface RoundRecord {
  /** Hospitals under the address that they committed with, else the one at the opening. */
  readonly state: RoundState;
  readonly openedAt: EventPlace;
  /** Numbers of the proposals made before it was time to give up on updates that nobody serves (turns.ts). */
  readonly hurried: ReadonlySet<number>;
  readonly findings: readonly Finding[];
}

type EventOf<Kind extends LedgerEvent["kind"]> = Extract<LedgerEvent, { readonly kind: Kind }>;
type OpenProposal = Omit<Proposal, "status" | "attestations"> & {
  status: Proposal["status"];
  attestations: Attestation[];
  readonly attestBy: number;
};

export class RoundReplay {
  readonly id: RoundId;
  status: RoundState["status"] = "committing";
  readonly #opening: EventOf<"round-opened">;
  readonly #roster: AuditRoster;
  readonly #terms: RoundTerms | undefined;
  /** Member index to the address that the round knows it by. */
  readonly #names: Map<number, HospitalAddress>;
  readonly #commitments: Commitment[] = [];
  readonly #proposals: OpenProposal[] = [];
  readonly #hurried = new Set<number>();
  readonly #findings: Finding[] = [];
  /** When the time for a proposal began, seconds. */
  #proposingSince: number;
  #model: Digest | undefined;

  /** @param terms as of the opening; the contract changes none while a round runs */
  constructor(opening: EventOf<"round-opened">, roster: AuditRoster, terms: RoundTerms | undefined) {
    const { round, members, opener } = opening;
    this.id = round;
    this.#opening = opening;
    this.#roster = roster;
    this.#terms = terms;
    this.#proposingSince = opening.commitBy;
    this.#names = new Map(members.map((address, at) => [roster.everIndexOf(address) ?? -1 - at, address]));
    if (!terms) this.fault("TERMS_UNKNOWN", "no terms were set before the round opened: the history has a hole");
    if (roster.indexOf(opener) === undefined) {
      this.fault("OPENER_NOT_MEMBER", "the round was opened by an account that was no member", { hospital: opener });
    }
    const expected = roster.activeHospitals().join(" ");
    const found = members.join(" ");
    if (expected !== found) {
      const text = "the round's hospitals are not the hospitals that were active when it opened";
      this.fault("ROUND_MEMBERS", text, { expected, found });
    }
  }

  fault(code: ErrorCode, text: string, about: Partial<Finding> = {}): void {
    this.#findings.push({ severity: "broken", code, text, round: this.id, ...about });
  }

  /** @param chain the hash of all commitments up to this event, recomputed */
  apply(event: Extract<LedgerEvent, { readonly round: RoundId }>, chain: { readonly commitmentsHash: Digest }): void {
    if (event.kind === "update-committed") this.#commit(event);
    else if (event.kind === "model-proposed") this.#propose(event, chain);
    else if (event.kind === "round-abandoned") {
      if (this.status === "final") this.fault("ROUND_STATUS", "a final round was abandoned");
      else this.status = "abandoned";
    } else if (event.kind !== "round-opened") {
      const proposal = this.#proposals.find(({ number }) => number === event.proposal);
      if (!proposal) {
        this.fault("PROPOSAL_UNKNOWN", `an event ${event.kind} names a proposal that nobody made`, {
          proposal: event.proposal,
        });
      } else if (event.kind === "attested") this.#attest(proposal, event);
      else if (event.kind === "attestation-withdrawn") this.#withdraw(proposal, event);
      else if (event.kind === "proposal-closed") this.#close(proposal, event);
      else this.#finalise(proposal, event);
    }
  }

  rotate({ index, from, to }: EventOf<"member-rotated">): void {
    // Who has committed is known by the address that did, which its manifest names.
    const committed = this.#commitments.some(({ member }) => member === from);
    if (!committed && this.#names.has(index)) this.#names.set(index, to);
  }

  record(): RoundRecord {
    const findings = [...this.#findings];
    for (const { number: proposal, status, attestations } of this.#proposals) {
      if (status === "accepted" || !isQuorum(agreeing(attestations), this.#names.size)) continue;
      const text = "more than two thirds agreed, and the history does not say that the model became final";
      findings.push({ severity: "broken", code: "FINALITY_MISSING", text, round: this.id, proposal });
    }
    const { kind: _, round: id, members: __, opener, plan, base, commitBy, proposeBy, ...openedAt } = this.#opening;
    const state: RoundState = {
      ...{ id, status: this.status, opener, plan, base, commitBy, proposeBy, attestBy: 0, deadline: 0 },
      members: [...this.#names].sort(([a], [b]) => a - b).map(([, address]) => address),
      commitments: this.#commitments,
      proposals: this.#proposals.map(({ attestBy: ___, ...proposal }) => proposal),
      model: this.#model,
    };
    return { state, openedAt, hurried: this.#hurried, findings };
  }

  #commit({ member, manifest, sampleCount, time }: EventOf<"update-committed">): void {
    const about = { hospital: member, object: "manifest", digest: manifest } as const;
    const { commitBy } = this.#opening;
    const index = this.#roster.indexOf(member);
    if (index === undefined || !this.#names.has(index)) {
      const text = "an account committed that was no hospital of the round at that block";
      this.fault("COMMITMENT_NOT_MEMBER", text, about);
      return;
    }
    if (this.#commitments.some((each) => each.member === this.#names.get(index))) {
      this.fault("COMMITMENT_DUPLICATE", "a hospital committed twice in the round", about);
      return;
    }
    if (this.status !== "committing") {
      this.fault("COMMITMENT_STATUS", `a commitment came while the round was ${this.status}`, about);
    }
    if (time > commitBy) {
      const facts = { ...about, expected: `${commitBy}`, found: `${time}` };
      this.fault("COMMITMENT_LATE", "a commitment came after its deadline", facts);
    }
    const cap = this.#terms?.sampleCap ?? 2 ** 20;
    if (sampleCount < 1 || sampleCount > cap) {
      const facts = { ...about, expected: `1 to ${cap}`, found: `${sampleCount}` };
      this.fault("COMMITMENT_SAMPLE_COUNT", "a sample count is outside the contract's bounds", facts);
    }
    this.#names.set(index, member);
    this.#commitments.push({ member, signer: member, manifest, sampleCount });
  }

  #propose(event: EventOf<"model-proposed">, chain: { readonly commitmentsHash: Digest }): void {
    const { number, proposer, model, attestBy, commitmentsHash, time } = event;
    const about = { hospital: proposer, proposal: number, object: "model", digest: model } as const;
    const { opener, commitBy, proposeBy } = this.#opening;
    if (this.#roster.indexOf(proposer) === undefined) {
      const text = "a model was proposed by an account that was no member at that block";
      this.fault("PROPOSER_NOT_MEMBER", text, about);
    }
    if (this.#proposals.some((each) => each.proposer === proposer && each.status === "refused")) {
      this.fault("PROPOSER_REFUSED", "a member whose proposal was refused proposed again in the round", about);
    }
    if (this.status === "committing") {
      if (this.#commitments.length < this.#names.size && time <= commitBy) {
        this.fault("PROPOSAL_EARLY", "a model was proposed while hospitals could still commit", about);
      }
      if (proposer !== opener && time <= proposeBy) {
        this.fault("PROPOSAL_RESERVED", "a member proposed in the time that only the opener may", about);
      }
    } else if (this.status !== "proposing") {
      this.fault("PROPOSAL_STATUS", `a model was proposed while the round was ${this.status}`, about);
    }
    const next = this.#proposals.length + 1;
    if (number !== next) {
      this.fault("PROPOSAL_NUMBER", "a proposal is missing", { ...about, expected: `${next}`, found: `${number}` });
    }
    if (commitmentsHash !== chain.commitmentsHash) {
      const facts = { ...about, expected: chain.commitmentsHash, found: commitmentsHash };
      this.fault("COMMITMENTS_HASH", "the contract's hash of all commitments is not that of those told", facts);
    }
    const included = event.included.map((address) => this.#nameOf(address));
    const strangers = included.filter((name) => !this.#commitments.some(({ member }) => member === name));
    if (strangers.length > 0) {
      const facts = { ...about, found: strangers.join(" ") };
      this.fault("PROPOSAL_NOT_COMMITTED", "the proposal includes hospitals that committed to nothing", facts);
    }
    const least = this.#terms?.minUpdates ?? 1;
    if (included.length < least) {
      const facts = { ...about, expected: `${least}`, found: `${included.length}` };
      this.fault("PROPOSAL_TOO_FEW_UPDATES", "the proposal includes fewer updates than the terms ask for", facts);
    }
    if (time <= this.#proposingSince + (proposeBy - commitBy) / 2) this.#hurried.add(number);
    this.#proposals.push({ number, proposer, model, included, attestations: [], status: "open", attestBy });
    this.status = "proposed";
  }

  #attest(proposal: OpenProposal, { member, agree, scores, time }: EventOf<"attested">): void {
    const about = { hospital: member, proposal: proposal.number };
    const index = this.#roster.indexOf(member);
    if (index === undefined || !this.#names.has(index)) {
      const text = "an account attested that was no hospital of the round at that block";
      this.fault("ATTESTATION_NOT_MEMBER", text, about);
      return;
    }
    if (proposal.attestations.some((each) => this.#roster.everIndexOf(each.member) === index)) {
      this.fault("ATTESTATION_DUPLICATE", "a hospital attested a proposal twice", about);
      return;
    }
    if (proposal.status !== "open" && proposal.status !== "accepted") {
      this.fault("ATTESTATION_STATUS", `an attestation came when the proposal was ${proposal.status}`, about);
    }
    if (time > proposal.attestBy) {
      const facts = { ...about, expected: `${proposal.attestBy}`, found: `${time}` };
      this.fault("ATTESTATION_LATE", "an attestation came after its deadline", facts);
    }
    proposal.attestations.push({ member, agree, scores });
  }

  #withdraw(proposal: OpenProposal, { member }: EventOf<"attestation-withdrawn">): void {
    if (this.#roster.indexOf(member) !== undefined || proposal.status !== "open") {
      const text = "an attestation was withdrawn though its hospital was not revoked while the proposal was open";
      this.fault("WITHDRAWAL_UNFOUNDED", text, { hospital: member, proposal: proposal.number });
    }
    proposal.attestations = proposal.attestations.filter((each) => each.member !== member);
  }

  #close(proposal: OpenProposal, { status, time }: EventOf<"proposal-closed">): void {
    const about = { proposal: proposal.number, hospital: proposal.proposer };
    const hospitals = this.#names.size;
    const disagreeing = proposal.attestations.length - agreeing(proposal.attestations);
    if (status === "refused" && isQuorum(hospitals - disagreeing, hospitals)) {
      const facts = { ...about, expected: `a third of ${hospitals}`, found: `${disagreeing}` };
      this.fault("REFUSED_WITHOUT_QUORUM", "a proposal was refused by too few hospitals", facts);
    }
    if (status === "expired" && time <= proposal.attestBy) {
      this.fault("EXPIRED_EARLY", "a proposal expired before its deadline", about);
    }
    if (proposal.status !== "open") {
      this.fault("PROPOSAL_STATUS", `a proposal that was ${proposal.status} was closed`, about);
      return;
    }
    proposal.status = status;
    this.status = "proposing";
    this.#proposingSince = time;
  }

  #finalise(proposal: OpenProposal, { model }: EventOf<"round-finalised">): void {
    const about = { proposal: proposal.number, object: "model", digest: model } as const;
    if (this.status !== "proposed" || proposal.status !== "open") {
      this.fault("ROUND_STATUS", `the round became final while it was ${this.status}`, about);
    }
    const found = agreeing(proposal.attestations);
    if (!isQuorum(found, this.#names.size)) {
      const facts = { ...about, expected: `more than two thirds of ${this.#names.size}`, found: `${found}` };
      this.fault("FINAL_WITHOUT_QUORUM", "the model became final by too few attestations", facts);
    }
    if (proposal.model !== model) {
      const facts = { ...about, expected: proposal.model, found: model };
      this.fault("FINAL_MODEL_MISMATCH", "the model that became final is not the one that was proposed", facts);
    }
    proposal.status = "accepted";
    this.status = "final";
    this.#model = model;
  }

  /** The address that the round knows a member by, whatever key it has now. */
  #nameOf(address: HospitalAddress): HospitalAddress {
    const index = this.#roster.everIndexOf(address);
    return (index === undefined ? undefined : this.#names.get(index)) ?? address;
  }
}

function agreeing(attestations: readonly Attestation[]): number {
  return attestations.filter(({ agree }) => agree).length;
}

/** As Bitmap.isQuorum has it. */
function isQuorum(some: number, all: number): boolean {
  return some * 3 > all * 2;
}

// The state of a round, folded from the contract's events: what every reader of the chain agrees on.

import type { LedgerEvent, Proposal, RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";

/** Takes events in chain order; gives the states of the rounds it saw opening, the newest `keep` of them. */
export class RoundFold {
  readonly #rounds = new Map<RoundId, RoundState>();
  readonly #keep: number;
  #terms: RoundTerms | undefined;

  constructor({ keep, terms }: { readonly keep: number; readonly terms?: RoundTerms | undefined }) {
    this.#keep = keep;
    this.#terms = terms;
  }

  get terms(): RoundTerms | undefined {
    return this.#terms;
  }

  get(id: RoundId): RoundState | undefined {
    return this.#rounds.get(id);
  }

  apply(event: LedgerEvent): void {
    if (event.kind === "terms-set") this.#terms = event.terms;
    else if (event.kind === "member-rotated") this.#rotate(event.from, event.to);
    else if (event.kind === "round-opened") this.#open(event);
    else if ("round" in event) {
      const round = this.#rounds.get(event.round);
      // Rounds that opened before this fold began, or that it has dropped, are not its business.
      if (round) this.#rounds.set(event.round, afterEvent(round, event, this.#proposePeriod));
    }
  }

  get #proposePeriod(): number {
    return this.#terms?.proposePeriod ?? 0;
  }

  #open(event: Extract<LedgerEvent, { kind: "round-opened" }>): void {
    const { round: id, opener, plan, base, members, commitBy, proposeBy } = event;
    const deadline = proposeBy + this.#proposePeriod;
    this.#rounds.set(id, {
      ...{ id, status: "committing", opener, plan, base, members, commitBy, proposeBy, attestBy: 0, deadline },
      ...{ commitments: [], proposals: [], model: undefined },
    });
    const [oldest] = this.#rounds.keys();
    if (this.#rounds.size > this.#keep && oldest !== undefined) this.#rounds.delete(oldest);
  }

  /** A member that changes its key in a running round goes on in it under the new address; what it signed stays signed. */
  #rotate(from: HospitalAddress, to: HospitalAddress): void {
    const newest = [...this.#rounds.values()].at(-1);
    if (!newest || newest.status === "final" || newest.status === "abandoned") return;
    const renamed = (address: HospitalAddress) => (address === from ? to : address);
    const named = <T extends { readonly member: HospitalAddress }>(each: T): T => ({
      ...each,
      member: renamed(each.member),
    });
    this.#rounds.set(newest.id, {
      ...newest,
      opener: renamed(newest.opener),
      members: newest.members.map(renamed),
      commitments: newest.commitments.map(named),
      proposals: newest.proposals.map((proposal) => ({
        ...proposal,
        proposer: renamed(proposal.proposer),
        included: proposal.included.map(renamed),
        attestations: proposal.attestations.map(named),
      })),
    });
  }
}

type RoundEvent = Extract<LedgerEvent, { readonly round: RoundId }>;

function afterEvent(round: RoundState, event: RoundEvent, proposePeriod: number): RoundState {
  switch (event.kind) {
    case "update-committed": {
      const { member, manifest, sampleCount } = event;
      return { ...round, commitments: [...round.commitments, { member, signer: member, manifest, sampleCount }] };
    }
    case "model-proposed": {
      const { number, proposer, model, included, attestBy } = event;
      const proposal: Proposal = { number, proposer, model, included, attestations: [], status: "open" };
      const proposals = [...round.proposals, proposal];
      return { ...round, status: "proposed", attestBy, deadline: attestBy, proposals };
    }
    case "attested": {
      const { member, agree, scores } = event;
      return withProposal(round, event.proposal, (proposal) => ({
        attestations: [...proposal.attestations, { member, agree, scores }],
      }));
    }
    case "attestation-withdrawn":
      return withProposal(round, event.proposal, ({ attestations }) => ({
        attestations: attestations.filter(({ member }) => member !== event.member),
      }));
    case "proposal-closed": {
      const closed = withProposal(round, event.proposal, () => ({ status: event.status }));
      return { ...closed, status: "proposing", attestBy: 0, deadline: event.time + proposePeriod };
    }
    case "round-finalised": {
      const { model } = event;
      const accepted = withProposal(round, event.proposal, () => ({ status: "accepted" }));
      return { ...accepted, status: "final", model, attestBy: 0, deadline: event.time + proposePeriod };
    }
    case "round-abandoned":
      // Whoever opened it has to let others go first: they may at once.
      return { ...round, status: "abandoned", attestBy: 0, deadline: event.time };
    default:
      return round;
  }
}

function withProposal(
  round: RoundState,
  number: number,
  change: (proposal: Proposal) => Partial<Proposal>,
): RoundState {
  const proposals = round.proposals.map((each) => (each.number === number ? { ...each, ...change(each) } : each));
  return { ...round, proposals };
}

// The contract's rules at the last second at which something holds and the first at which it does not. rules.test.ts in
// test/contracts compares the same rules with the real contract, on random calls that seldom meet these seconds.
import { expect } from "chai";
import { apply } from "../../../protocol/contract/apply.ts";
import type { ContractEvent, LedgerEvent } from "../../../protocol/contract/events.ts";
import type { RoundTerms } from "../../../protocol/contract/round.ts";
import { roundStateOf } from "../../../protocol/contract/round-view.ts";
import { type ContractState, contractBeforeEvents } from "../../../protocol/contract/state.ts";
import type { Digest, RoundId } from "../../../protocol/format/digest.ts";
import { addressOf, exampleTerms } from "../../fakes/federation.ts";

const named = (byte: string) => `0x${byte.repeat(32)}` as Digest;
const hospitals = [0, 1, 2, 3].map(addressOf);
const [opener, rotated] = [addressOf(10), addressOf(11)];
const day = 24 * 3600;
const round = 1 as RoundId;

/** Codes of the rules that an event breaks, and the state after it. */
function at(state: ContractState, time: number, event: ContractEvent) {
  const place = { block: time, blockHash: named("0b"), logIndex: 0, transaction: named("0c"), time };
  const { state: after, broken } = apply(state, { ...place, ...event } as LedgerEvent);
  return { after, broken: broken.map(({ rule }) => rule) };
}

/** The state after events that break no rule. */
function following(state: ContractState, ...events: readonly (readonly [time: number, event: ContractEvent])[]) {
  return events.reduce((before, [time, event]) => {
    const { after, broken } = at(before, time, event);
    expect(broken, event.kind).to.deep.equal([]);
    return after;
  }, state);
}

function founded(terms: Partial<RoundTerms> = {}): ContractState {
  return following(
    contractBeforeEvents,
    [1, { kind: "plan-agreed", plan: named("01"), genesis: named("02") }],
    ...hospitals.map((member, index) => [2, { kind: "member-admitted", member, index, role: "hospital" }] as const),
    [2, { kind: "member-admitted", member: opener, index: 4, role: "aggregator" }],
    [3, { kind: "terms-set", terms: { ...exampleTerms, ...terms } }],
  );
}

const opening = (time: number, id = 1, by = opener): ContractEvent => ({
  ...{
    kind: "round-opened",
    round: id as RoundId,
    opener: by,
    plan: named("01"),
    base: named("02"),
    members: hospitals,
  },
  ...{ commitBy: time + 60, proposeBy: time + 100 },
});
const commitment = (index: number, sampleCount = 5): ContractEvent => ({
  ...{ kind: "update-committed", round, member: hospitals[index]!, manifest: named("03"), sampleCount },
});

/** Opened at second 100: committing until 160, only the opener proposes until 200, anyone until 240. */
function committing(count: number, terms: Partial<RoundTerms> = {}): ContractState {
  const opened = following(founded(terms), [100, opening(100)]);
  return hospitals.slice(0, count).reduce((state, _, index) => following(state, [110, commitment(index)]), opened);
}

const proposal = (state: ContractState, time: number, proposer = opener, number = 1): ContractEvent => ({
  ...{ kind: "model-proposed", round, number, proposer, model: named("04"), attestBy: time + 40 },
  ...{ included: hospitals.slice(0, state.round!.commitments.length), commitmentsHash: state.commitmentsHash },
});
const vote = (index: number, agree = true): ContractEvent => ({
  ...{ kind: "attested", round, proposal: 1, member: hospitals[index]!, agree, scores: named("05") },
});

/** A proposal of second 170, which may be attested until 210. */
function proposed(): ContractState {
  const state = committing(4);
  return following(state, [170, proposal(state, 170)]);
}

/** The codes at one second and at the next. */
const around = (state: ContractState, time: number, eventAt: (time: number) => ContractEvent) => [
  at(state, time, eventAt(time)).broken,
  at(state, time + 1, eventAt(time + 1)).broken,
];

describe("the seconds at which the contract's rules change their mind", () => {
  it("for commitments and their sample counts", () => {
    expect(around(committing(0), 160, () => commitment(0))).to.deep.equal([[], ["COMMITMENT_LATE"]]);
    const counted = (count: number) => at(committing(0), 110, commitment(0, count)).broken;
    expect([0, 1, 1000, 1001].map(counted)).to.deep.equal([
      ["COMMITMENT_SAMPLE_COUNT"],
      [],
      [],
      ["COMMITMENT_SAMPLE_COUNT"],
    ]);
  });

  it("for proposals: the opener's after committing, at once where all have committed, and others' later", () => {
    const three = committing(3);
    expect(around(three, 160, (time) => proposal(three, time))).to.deep.equal([["PROPOSAL_EARLY"], []]);
    const four = committing(4);
    expect(at(four, 111, proposal(four, 111)).broken).to.deep.equal([]);
    expect(around(four, 200, (time) => proposal(four, time, hospitals[1]))).to.deep.equal([["PROPOSAL_RESERVED"], []]);
    const hasWaited = (time: number) => at(four, time, proposal(four, time)).after.round!.proposals[0]!.hasWaited;
    expect([180, 181].map(hasWaited)).to.deep.equal([false, true]);
    const off = { ...proposal(four, 170), attestBy: 211 } as ContractEvent;
    expect(at(four, 170, off).broken).to.deep.equal(["PROPOSAL_DEADLINE"]);
  });

  it("for the fewest updates of a proposal", () => {
    const two = committing(2);
    expect(at(two, 161, proposal(two, 161)).broken).to.deep.equal([]);
    const one = committing(1);
    expect(at(one, 161, proposal(one, 161)).broken).to.deep.equal(["PROPOSAL_TOO_FEW_UPDATES"]);
  });

  it("for attestations, and for the end of a proposal that was not decided", () => {
    expect(around(proposed(), 210, () => vote(0))).to.deep.equal([[], ["ATTESTATION_LATE"]]);
    const expiry: ContractEvent = { kind: "proposal-closed", round, proposal: 1, status: "expired" };
    expect(around(proposed(), 210, () => expiry)).to.deep.equal([["EXPIRED_EARLY"], []]);
  });

  it("for votes: three of four agree, two of four disagree", () => {
    const due = (...votes: readonly boolean[]) =>
      votes.reduce((state, agree, index) => following(state, [175, vote(index, agree)]), proposed()).due?.kind;
    expect(due(true, true)).to.equal(undefined);
    expect(due(true, true, true)).to.equal("round-finalised");
    expect(due(true, true, false)).to.equal(undefined);
    expect(due(false)).to.equal(undefined);
    expect(due(false, false)).to.equal("proposal-closed");
  });

  it("for abandoning: after committing with too few updates, else after the time of all proposers", () => {
    const abandoned: ContractEvent = { kind: "round-abandoned", round };
    expect(around(committing(1), 160, () => abandoned)).to.deep.equal([["ABANDONED_EARLY"], []]);
    expect(around(committing(2), 240, () => abandoned)).to.deep.equal([["ABANDONED_EARLY"], []]);
    const expired = following(proposed(), [220, { kind: "proposal-closed", round, proposal: 1, status: "expired" }]);
    expect(around(expired, 260, () => abandoned)).to.deep.equal([["ABANDONED_EARLY"], []]);
    const failed = (count: number) => at(committing(count), 241, abandoned).after.round!.openerFailed;
    expect([1, 2, 4].map(failed)).to.deep.equal([false, true, true]);
  });

  it("for the next round after an opener failed", () => {
    const over = following(committing(2), [241, { kind: "round-abandoned", round }]);
    expect(over.round!.deadline).to.equal(281);
    expect(around(over, 281, (time) => opening(time, 2))).to.deep.equal([["OPENER_MUST_WAIT"], []]);
    expect(at(over, 242, opening(242, 2, hospitals[0])).broken).to.deep.equal([]);
    expect(over.members.map(({ openFrom }) => openFrom)).to.deep.equal([0, 0, 0, 0, 6]);
  });

  it("for the grace period, which starts with the terms' share of commitments", () => {
    const half = { earlyShare: 50, gracePeriod: 10 };
    const dueAt = (time: number) => at(committing(1, half), time, commitment(1)).after.due;
    expect(dueAt(149)).to.include({ kind: "committing-shortened", commitBy: 159, proposeBy: 199 });
    expect(dueAt(150)).to.equal(undefined);
    expect(committing(1, { ...half, earlyShare: 51 }).round!.closeAt).to.equal(3);
    const { after, broken } = at(committing(1, half), 120, commitment(1));
    expect(broken).to.deep.equal([]);
    const shortened = following(after, [120, { kind: "committing-shortened", round, commitBy: 130, proposeBy: 170 }]);
    expect(shortened.round).to.include({ commitBy: 130, proposeBy: 170, deadline: 210, proposingSince: 130 });
    expect(at(after, 121, commitment(2)).broken).to.deep.equal(["SHORTENED_MISSING"]);
  });

  it("for pauses: rounds stand still up to their end, and they have a longest length and a least distance", () => {
    const pause = (until: number): ContractEvent => ({ kind: "rounds-paused", until });
    const paused = following(founded(), [100, pause(500)]);
    expect(around(paused, 500, (time) => opening(time))).to.deep.equal([["ROUNDS_PAUSED"], []]);
    expect(at(founded(), 100, pause(100 + 30 * day)).broken).to.deep.equal([]);
    expect(at(founded(), 100, pause(101 + 30 * day)).broken).to.deep.equal(["PAUSE_TOO_LONG"]);
    expect(at(paused, 500, pause(501)).broken).to.deep.equal(["PAUSE_TOO_LONG"]);
    expect(at(paused, 500, pause(400)).after.pausedUntil).to.equal(499);
    expect(at(paused, 501, pause(500)).broken).to.deep.equal(["PAUSE_NOT_RUNNING"]);
    expect(around(paused, 500 + 30 * day, (time) => pause(time + 10))).to.deep.equal([["PAUSE_TOO_SOON"], []]);
  });
});

describe("a round as parties read it", () => {
  const nameOf = (index: number) => (index === 4 ? rotated : hospitals[index]!);

  it("has a time for attestations while a proposal is open, and for the record once it is accepted", () => {
    const view = (state: ContractState) => roundStateOf(state.round!, nameOf);
    expect(view(committing(4))).to.include({ attestBy: 0, deadline: 240, opener: rotated });
    expect(view(proposed())).to.include({ attestBy: 210, deadline: 210, status: "proposed" });
    const closed = following(proposed(), [220, { kind: "proposal-closed", round, proposal: 1, status: "expired" }]);
    expect(view(closed)).to.include({ attestBy: 0, deadline: 260, status: "proposing" });
    const agreed = [0, 1, 2].reduce((state, index) => following(state, [175, vote(index)]), proposed());
    const final = following(agreed, [175, { kind: "round-finalised", round, proposal: 1, model: named("04") }]);
    expect(view(final)).to.include({ attestBy: 210, deadline: 215, status: "final", model: named("04") });
    const abandoned = following(committing(1), [161, { kind: "round-abandoned", round }]);
    expect(view(abandoned)).to.include({ attestBy: 0, deadline: 161, status: "abandoned" });
  });
});

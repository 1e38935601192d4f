// The rules of private sums, event by event. test/contracts/rules.test.ts compares them with the real contract.
import { expect } from "chai";
import { apply } from "../../../protocol/contract/apply.ts";
import type { ContractEvent, LedgerEvent } from "../../../protocol/contract/events.ts";
import { roundStateOf } from "../../../protocol/contract/round-view.ts";
import { type ContractState, contractBeforeEvents } from "../../../protocol/contract/state.ts";
import { type Digest, type RoundId, zeroDigest } from "../../../protocol/format/digest.ts";
import { addressOf, exampleTerms } from "../../fakes/federation.ts";

const named = (byte: string) => `0x${byte.repeat(32)}` as Digest;
const hospitals = [0, 1, 2, 3].map(addressOf);
const opener = addressOf(10);
const round = 1 as RoundId;
const privateSums = { kind: "private-sums-founded", mechanism: named("06"), maxSeals: 2, seals: 0 } as const;

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

const opening = (time: number, id = 1): ContractEvent => ({
  ...{ kind: "round-opened", round: id as RoundId, opener, plan: named("01"), base: named("02"), members: hospitals },
  ...{ commitBy: time + 60, proposeBy: time + 100 },
});

/** Opened at second 100: committing until 160, only the opener seals until 200, anyone until 240. */
function committing(count: number, sums: ContractEvent = privateSums): ContractState {
  const founded = following(
    contractBeforeEvents,
    [1, sums],
    [1, { kind: "plan-agreed", plan: named("01"), genesis: named("02") }],
    ...hospitals.map((member, index) => [2, { kind: "member-admitted", member, index, role: "hospital" }] as const),
    [2, { kind: "member-admitted", member: opener, index: 4, role: "aggregator" }],
    [3, { kind: "terms-set", terms: exampleTerms }],
    [100, opening(100)],
  );
  return hospitals.slice(0, count).reduce((state, member) => {
    const committed = { kind: "update-committed", round, member, manifest: named("03"), sampleCount: 5 } as const;
    return following(state, [110, committed]);
  }, founded);
}

type Seal = Extract<ContractEvent, { kind: "round-sealed" }>;

const seal = (state: ContractState, time: number, change: Partial<Seal> = {}): Seal => ({
  ...{ kind: "round-sealed", round, member: opener, seals: 1, commitmentsHash: state.commitmentsHash },
  ...{ included: hospitals.slice(0, state.round!.commitments.length), proposeBy: time + 40 },
  ...change,
});

const proposal = (state: ContractState, time: number, proposer = opener, included = hospitals): ContractEvent => ({
  ...{ kind: "model-proposed", round, number: 1, proposer, model: named("04"), attestBy: time + 40, included },
  commitmentsHash: state.commitmentsHash,
});

/** The codes at one second and at the next. */
const around = (state: ContractState, time: number, eventAt: (time: number) => ContractEvent) => [
  at(state, time, eventAt(time)).broken,
  at(state, time + 1, eventAt(time + 1)).broken,
];

describe("the contract's rules of private sums", () => {
  it("let the opener seal after committing, at once where all have committed, and others later", () => {
    const three = committing(3);
    expect(around(three, 160, (time) => seal(three, time))).to.deep.equal([["SEAL_EARLY"], []]);
    const four = committing(4);
    expect(at(four, 111, seal(four, 111)).broken).to.deep.equal([]);
    const others = (time: number) => seal(four, time, { member: hospitals[1]!, proposeBy: time });
    expect(around(four, 200, others)).to.deep.equal([["SEAL_RESERVED"], []]);
    expect(at(four, 201, others(201)).after.round).to.deep.include({ openerFailed: true, deadline: 241 });
    const hasWaited = (time: number) => at(four, time, seal(four, time)).after.round!.seal!.hasWaited;
    expect([180, 181].map(hasWaited)).to.deep.equal([false, true]);
  });

  it("ask a seal for members, committed updates, more than two thirds, the next number and its deadline", () => {
    const four = committing(4);
    const broken = (change: Partial<Seal>) => at(four, 170, seal(four, 170, change)).broken;
    expect(broken({ member: addressOf(50), proposeBy: 170 })).to.deep.equal(["SEALER_NOT_MEMBER", "SEAL_RESERVED"]);
    expect(broken({ included: hospitals.slice(0, 2) })).to.deep.equal(["SEAL_TOO_FEW_UPDATES"]);
    expect(broken({ included: hospitals.slice(0, 3) })).to.deep.equal([]);
    expect(broken({ seals: 2 })).to.deep.equal(["SEAL_COUNT"]);
    expect(broken({ proposeBy: 211 })).to.deep.equal(["SEAL_DEADLINE"]);
    expect(broken({ commitmentsHash: named("07") })).to.deep.equal(["COMMITMENTS_HASH"]);
    const three = committing(3);
    expect(at(three, 170, seal(three, 170, { included: hospitals })).broken).to.deep.equal(["SEAL_NOT_COMMITTED"]);
    const plain = committing(4, { ...privateSums, mechanism: zeroDigest, maxSeals: 0 });
    expect(at(plain, 170, seal(plain, 170)).broken).to.include("SEALS_NONE");
  });

  it("take one seal a round, and then only a proposal of exactly the sealed hospitals", () => {
    const four = committing(4);
    expect(at(four, 170, proposal(four, 170)).broken).to.deep.equal(["PROPOSAL_STATUS"]);
    const three = hospitals.slice(0, 3);
    const sealed = following(four, [170, seal(four, 170, { included: three })]);
    expect(sealed.privateSums).to.deep.include({ seals: 1, maxSeals: 2 });
    expect(at(sealed, 171, seal(sealed, 171, { seals: 2 })).broken).to.deep.equal(["SEAL_STATUS"]);
    expect(at(sealed, 171, proposal(sealed, 171)).broken).to.deep.equal(["PROPOSAL_NOT_SEALED"]);
    expect(at(sealed, 171, proposal(sealed, 171, opener, [...three].reverse())).broken).to.deep.equal([]);
    expect(around(sealed, 210, (time) => proposal(sealed, time, hospitals[1], three))).to.deep.equal([
      ["PROPOSAL_RESERVED"],
      [],
    ]);
    expect(roundStateOf(sealed.round!, addressOf)).to.deep.include({ status: "sealed", deadline: 250 });
    expect(roundStateOf(sealed.round!, addressOf).seal).to.deep.equal({
      ...{ by: addressOf(4), included: three, hasWaited: false, proposeBy: 210 },
    });
  });

  it("abandon a round with too few updates for a sum, and one whose sum nobody proposed in time", () => {
    const abandoned: ContractEvent = { kind: "round-abandoned", round };
    expect(around(committing(2), 160, () => abandoned)).to.deep.equal([["ABANDONED_EARLY"], []]);
    expect(around(committing(3), 240, () => abandoned)).to.deep.equal([["ABANDONED_EARLY"], []]);
    const four = committing(4);
    const sealed = following(four, [170, seal(four, 170)]);
    expect(around(sealed, 250, () => abandoned)).to.deep.equal([["ABANDONED_EARLY"], []]);
    expect(at(sealed, 251, abandoned).after.round).to.deep.include({ openerFailed: true, status: "abandoned" });
  });

  it("open no round once the budget is spent, and none of three hospitals", () => {
    const four = committing(4, { ...privateSums, seals: 1 });
    const sealed = following(four, [170, seal(four, 170, { seals: 2 })]);
    const over = following(sealed, [251, { kind: "round-abandoned", round }]);
    expect(at(over, 500, opening(500, 2)).broken).to.deep.equal(["SEALS_EXHAUSTED"]);
    const left = following(committing(2), [161, { kind: "round-abandoned", round }]);
    const fewer = following(left, [162, { kind: "member-revoked", member: hospitals[3]!, index: 3 }]);
    const three = { ...opening(500, 2), members: hospitals.slice(0, 3) } as ContractEvent;
    expect(at(fewer, 500, three).broken).to.deep.equal(["ROUND_TOO_FEW_HOSPITALS"]);
  });

  it("take private sums at the founding only, and whole", () => {
    const founding = (change: object) => at(contractBeforeEvents, 1, { ...privateSums, ...change }).broken;
    expect(founding({})).to.deep.equal([]);
    // A federation without private sums that carries what its predecessor spent.
    expect(founding({ mechanism: zeroDigest, maxSeals: 0, seals: 7 })).to.deep.equal([]);
    for (const wrong of [{ mechanism: zeroDigest }, { maxSeals: 0 }, { seals: 2 }]) {
      expect(founding(wrong)).to.deep.equal(["PRIVATE_SUMS_INVALID"]);
    }
    const four = committing(4);
    expect(at(four, 170, privateSums).broken).to.deep.equal(["PRIVATE_SUMS_INVALID"]);
    expect(at(four, 170, { ...privateSums, maxSeals: 9 }).after.privateSums?.maxSeals).to.equal(2);
  });
});

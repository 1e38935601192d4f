// Whose turn it is, to the second: two members that act at once pay twice, and a turn that never comes stops a federation.
import { expect } from "chai";
import type { RoundState } from "../../../protocol/contract/round.ts";
import { expiryDue, mayLeaveOut, mayOpenAfter, mayPropose, maySeal, turnOf } from "../../../protocol/contract/turns.ts";
import type { Digest, HospitalAddress, RoundId } from "../../../protocol/format/digest.ts";
import { addressOf } from "../../fakes/federation.ts";

const members = [0, 1, 2, 3, 4].map(addressOf);
const [opener, otherAggregator] = [addressOf(10), addressOf(11)];
/** In round 3 the first turn is the fourth member's, then the last one's. */
const [third, fourth, fifth] = members.slice(2) as [HospitalAddress, HospitalAddress, HospitalAddress];
const digest = `0x${"11".repeat(32)}` as Digest;

/** Periods of 100 seconds, five hospitals: one turn comes 8 seconds after the other. */
function round(change: Partial<RoundState> = {}): RoundState {
  return {
    id: 3 as RoundId,
    status: "committing",
    ...{ opener, members, plan: digest, base: digest, model: undefined, openerFailed: false },
    ...{ commitBy: 1000, proposeBy: 1100, attestBy: 0, deadline: 1300, commitments: [], proposals: [] },
    ...change,
  };
}

const commitments = (count: number) =>
  members.slice(0, count).map((member) => ({ member, signer: member, manifest: digest, sampleCount: 1 }));
const proposal = (proposer: HospitalAddress, status: "refused" | "expired") => ({
  ...{ number: 1, proposer, model: digest, included: [], attestations: [], hasWaited: true, status },
});

/** The first second at which it holds, and that it holds from then on. */
function begins(holds: (now: number) => boolean): number | undefined {
  const seconds = Array.from({ length: 1000 }, (_, index) => 900 + index);
  const first = seconds.find(holds);
  if (first !== undefined) expect(seconds.filter((now) => now >= first).every(holds)).to.equal(true);
  return first;
}

describe("turns", () => {
  it("rotate with each round and each proposal; aggregators that did not open the round come last", () => {
    const turns = (of: RoundState) => [...members, otherAggregator].map((member) => turnOf(of, member));
    expect(turns(round())).to.deep.equal([2, 3, 4, 0, 1, 5]);
    expect(turns(round({ id: 4 as RoundId }))).to.deep.equal([1, 2, 3, 4, 0, 5]);
    expect(turns(round({ proposals: [proposal(opener, "expired")] }))).to.deep.equal([1, 2, 3, 4, 0, 5]);
  });

  it("to propose: the opener's once committing is over, then each member's 8 seconds after the one before", () => {
    const from = (self: HospitalAddress, change = {}) => begins((now) => mayPropose(round(change), self, now));
    expect(from(opener)).to.equal(1001);
    expect(from(fourth)).to.equal(1101);
    expect(from(fifth)).to.equal(1109);
    expect(from(third)).to.equal(1133);
    expect(from(otherAggregator)).to.equal(1141);
    expect(from(opener, { commitments: commitments(4) })).to.equal(1001);
    expect(from(opener, { commitments: commitments(5) }), "all have committed").to.equal(900);
    expect(from(fourth, { commitments: commitments(5) })).to.equal(1101);
  });

  it("to seal: as to propose first, and to propose then: the opener's until its time is over", () => {
    const sealing = (self: HospitalAddress, change = {}) => begins((now) => maySeal(round(change), self, now));
    expect(sealing(opener)).to.equal(1001);
    expect(sealing(fourth)).to.equal(1101);
    expect(sealing(opener, { commitments: commitments(5) }), "all have committed").to.equal(900);
    expect(sealing(opener, { status: "sealed" })).to.equal(undefined);
    const seal = { by: opener, included: members, hasWaited: false, proposeBy: 1150 };
    const proposing = (self: HospitalAddress) =>
      begins((now) => mayPropose(round({ status: "sealed", seal, deadline: 1250 }), self, now));
    expect([opener, fourth, fifth].map(proposing)).to.deep.equal([900, 1151, 1159]);
  });

  it("to propose again after a proposal that failed: in the last 100 seconds, and not a member that was refused", () => {
    const proposals = [proposal(opener, "refused")];
    const from = (self: HospitalAddress, change: Partial<RoundState> = {}) =>
      begins((now) => mayPropose(round({ status: "proposing", proposals, ...change }), self, now));
    expect(from(fifth)).to.equal(1200);
    expect(from(fourth)).to.equal(1232);
    expect(from(opener)).to.equal(undefined);
    expect(from(opener, { proposals: [proposal(opener, "expired")] })).to.equal(1240);
    for (const status of ["proposed", "final", "abandoned"] as const)
      expect(from(fifth, { status })).to.equal(undefined);
  });

  it("are at most 15 seconds apart and at least one", () => {
    const from = (proposeBy: number) => begins((now) => mayPropose(round({ proposeBy }), fifth, now));
    expect(from(1600)).to.equal(1616);
    expect(from(1006)).to.equal(1008);
  });

  it("to expire a round: after its deadline, one second apart, the opener first", () => {
    const from = (self: HospitalAddress, change = {}) => begins((now) => expiryDue(round(change), 2, self, now));
    for (const status of ["proposing", "proposed"] as const) {
      expect(from(opener, { status })).to.equal(1301);
      expect(from(fourth, { status })).to.equal(1301);
      expect(from(fifth, { status })).to.equal(1302);
      expect(from(third, { status })).to.equal(1305);
    }
    expect(from(opener, { commitments: commitments(1) }), "too few").to.equal(1001);
    expect(from(fifth, { commitments: commitments(1) })).to.equal(1002);
    expect(from(opener, { commitments: commitments(2) }), "enough").to.equal(1301);
    expect(from(opener, { status: "proposing", commitments: commitments(1) })).to.equal(1301);
    for (const status of ["final", "abandoned"] as const) expect(from(opener, { status })).to.equal(undefined);
    const many = Array.from({ length: 40 }, (_, index) => addressOf(100 + index));
    expect(from(many[2]!, { status: "proposed", members: many })).to.equal(1316);
  });

  it("to open the next round: after the last one's deadline, sooner where its opener failed and it is final", () => {
    const from = (self: HospitalAddress, change: Partial<RoundState>) =>
      begins((now) => mayOpenAfter(round(change), self, now));
    expect(from(fourth, { status: "final" })).to.equal(1301);
    expect(from(fifth, { status: "final" })).to.equal(1309);
    expect(from(fifth, { status: "abandoned" })).to.equal(1309);
    expect(from(fifth, { status: "final", openerFailed: true })).to.equal(1209);
    expect(from(fifth, { status: "abandoned", openerFailed: true })).to.equal(1309);
    for (const status of ["committing", "proposing", "proposed"] as const) {
      expect(from(fourth, { status })).to.equal(undefined);
    }
  });
});

describe("an update that a proposer does not have", () => {
  const from = (change: Partial<RoundState>, fetchingSince: number, failedFetches: number) =>
    begins((now) => mayLeaveOut(round(change), { now, fetchingSince, failedFetches }));

  it("may be left out after half of the time to propose, once a fetch has failed", () => {
    expect(from({}, 2000, 1)).to.equal(1051);
    expect(from({ status: "proposing" }, 2000, 1)).to.equal(1251);
    expect(from({}, 2000, 0)).to.equal(undefined);
  });

  it("or once the party could fetch for a quarter of that time", () => {
    expect(from({}, 900, 0)).to.equal(1051);
    expect(from({}, 1040, 0)).to.equal(1066);
    expect(from({ status: "proposing" }, 1240, 0)).to.equal(1266);
  });
});

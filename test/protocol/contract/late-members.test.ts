import { expect } from "chai";
import { lateMembers } from "../../../protocol/contract/late-members.ts";
import type { RoundState } from "../../../protocol/contract/round.ts";
import type { HospitalAddress } from "../../../protocol/format/digest.ts";
import { addressOf } from "../../fakes/federation.ts";

const [a, b, c] = [addressOf(1), addressOf(2), addressOf(3)] as [HospitalAddress, HospitalAddress, HospitalAddress];

/** A round of a, b and c whose committing ends at 100 times its number. */
function round(id: number, committed: readonly HospitalAddress[], changes: Partial<RoundState> = {}): RoundState {
  const commitments = committed.map((member) => ({ member }));
  return { id, status: "final", members: [a, b, c], commitBy: 100 * id, commitments, ...changes } as RoundState;
}

describe("late members", () => {
  it("are those without an update, since the first of the rounds that they missed in a row", () => {
    const rounds = [round(4, [a]), round(3, [a, c]), round(2, [a]), round(1, [a, b, c])];
    expect(lateMembers(rounds, 450)).to.deep.equal([
      { member: b, since: 200, rounds: 3 },
      { member: c, since: 400, rounds: 1 },
    ]);
  });

  it("do not include hospitals that still have time, or that take part again", () => {
    const open = round(3, [b], { status: "committing" });
    const rounds = [open, round(2, [a]), round(1, [a, b, c])];
    expect(lateMembers(rounds, 250)).to.deep.equal([{ member: c, since: 200, rounds: 1 }]);
    expect(lateMembers([open], 250)).to.deep.equal([]);
    expect(lateMembers(rounds, 301).map(({ member }) => member)).to.deep.equal([a, c]);
  });

  it("include no hospital that the rounds do not have", () => {
    expect(lateMembers([round(2, [a], { members: [a] }), round(1, [a])], 500)).to.deep.equal([]);
    expect(lateMembers([], 500)).to.deep.equal([]);
    const admitted = [round(2, [a]), round(1, [a], { members: [a, b] })];
    expect(lateMembers(admitted, 500)).to.deep.equal([
      { member: b, since: 100, rounds: 2 },
      { member: c, since: 200, rounds: 1 },
    ]);
  });
});

import { expect } from "chai";
import type { RoundState } from "../../../protocol/contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../../../protocol/format/digest.ts";
import { type DealerFacts, judgeDealer, mayOpen } from "../../../protocol/judge/dealers.ts";
import { addressOf } from "../../fakes/federation.ts";

const members = [0, 1, 2, 3, 4, 5, 6].map(addressOf);
const [dealer, other] = members as [HospitalAddress, HospitalAddress];
const digest = `0x${"11".repeat(32)}` as Digest;

/** Seven hospitals, of which two may lie; committing until 1000, checking until 1050. */
function round(change: Partial<RoundState> = {}): RoundState {
  return {
    ...{ id: 3 as RoundId, status: "committing", opener: addressOf(10), members, plan: digest, base: digest },
    ...{ model: undefined, openerFailed: false, commitBy: 1000, proposeBy: 1100, attestBy: 0, deadline: 1200 },
    ...{ commitments: [], proposals: [] },
    ...change,
  };
}

function facts(change: Partial<Record<"complaints" | "answered" | "refuted", number>> = {}): DealerFacts {
  const holders = (count = 0) => new Set(members.slice(1, 1 + count));
  const { complaints, answered, refuted } = change;
  return {
    ...{ dealer, objects: "checked", complaints: holders(complaints) },
    ...{ answered: holders(answered), refuted: holders(refuted) },
  };
}

const verdictOf = (known: DealerFacts, now = 1001) => {
  const judged = judgeDealer(round(), known, now);
  return judged.verdict === "out" ? judged.reason : judged.verdict;
};

describe("the verdict on a dealer", () => {
  it("is in without a complaint, and with complaints that were all answered", () => {
    expect(verdictOf(facts())).to.equal("in");
    expect(verdictOf(facts({ complaints: 2, answered: 2 }))).to.equal("in");
  });

  it("is out at once for what bytes prove", () => {
    expect(verdictOf({ ...facts(), objects: "wrong" })).to.equal("wrong");
    expect(verdictOf(facts({ complaints: 1, refuted: 1 }))).to.equal("share");
    expect(verdictOf(facts({ complaints: 3, answered: 3 }))).to.equal("complaints");
  });

  it("is open for what may still come, and out once half of the time for sealing is over", () => {
    const missing = { ...facts(), objects: "missing" } as const;
    expect([1050, 1051].map((now) => verdictOf(missing, now))).to.deep.equal(["open", "unserved"]);
    const unanswered = facts({ complaints: 2, answered: 1 });
    expect([1050, 1051].map((now) => verdictOf(unanswered, now))).to.deep.equal(["open", "unanswered"]);
  });
});

describe("a holder", () => {
  const seal = (...included: HospitalAddress[]) =>
    round({ status: "sealed", seal: { by: other, included, hasWaited: false, proposeBy: 1150 } });

  it("opens a set of hospitals that it found right, and of those that only it cannot judge", () => {
    expect(mayOpen(seal(dealer), [facts()], 1020)).to.equal(true);
    expect(mayOpen(seal(dealer), [{ ...facts(), objects: "missing" }], 1090)).to.equal(true);
    expect(mayOpen(round(), [facts()], 1020)).to.equal(false);
  });

  it("opens none that leaves out a hospital that it knows to be right, or includes one that is proven wrong", () => {
    expect(mayOpen(seal(other), [facts()], 1020)).to.equal(false);
    expect(mayOpen(seal(other), [{ ...facts(), objects: "missing" }], 1020)).to.equal(true);
    expect(mayOpen(seal(dealer), [{ ...facts(), objects: "wrong" }], 1020)).to.equal(false);
    expect(mayOpen(seal(dealer), [facts({ complaints: 1, refuted: 1 })], 1020)).to.equal(false);
  });
});

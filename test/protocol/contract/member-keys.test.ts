import { expect } from "chai";
import { MemberKeys } from "../../../protocol/contract/member-keys.ts";
import { addressOf } from "../../fakes/federation.ts";

const [a, b, c, d] = [addressOf(0), addressOf(1), addressOf(2), addressOf(3)] as const;

describe("the keys of members", () => {
  it("names the member of each key it has or had, and each member's keys in order", () => {
    const keys = MemberKeys.none().with(0, a).with(1, b).with(0, c);
    expect([a, b, c, d].map((key) => keys.ownerOf(key))).to.deep.equal([0, 1, 0, undefined]);
    expect(keys.of(0)).to.deep.equal([a, c]);
    expect(keys.of(7)).to.deep.equal([]);
  });

  it("leaves each version as it was, where two histories go on from one", () => {
    const common = MemberKeys.none().with(0, a);
    const first = common.with(0, b);
    const second = common.with(1, b).with(1, c);
    expect(common.ownerOf(b)).to.equal(undefined);
    expect(common.of(0)).to.deep.equal([a]);
    expect([first.ownerOf(b), second.ownerOf(b)]).to.deep.equal([0, 1]);
    expect([first.ownerOf(c), second.ownerOf(c)]).to.deep.equal([undefined, 1]);
    expect([first.of(0), second.of(0), second.of(1)]).to.deep.equal([[a, b], [a], [b, c]]);
  });
});

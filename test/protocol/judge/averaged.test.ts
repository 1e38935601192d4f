import { expect } from "chai";
import { blobDigest, blobNames, outlineDigest } from "../../../protocol/format/merkle.ts";
import { averagedOf, underName } from "../../../protocol/judge/averaged.ts";

describe("a derived model", () => {
  it("is the proposed one by either of its names, and then its outline is that name's", () => {
    const bytes = new Uint8Array(2 ** 20 + 1);
    const averaged = averagedOf(bytes);
    expect(averaged.model).to.equal(blobDigest(bytes));
    for (const name of blobNames(bytes)) {
      const named = underName(averaged, name);
      expect([named?.model, outlineDigest(named!.outline)]).to.deep.equal([name, name]);
    }
    expect(underName(averaged, blobDigest(bytes.with(5, 1)))).to.equal(undefined);
  });
});

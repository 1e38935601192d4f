import { expect } from "chai";
import { type Digest, digestFromBytes, digestToBytes, parseDigest, toCid } from "../../../protocol/format/digest.ts";

const digest = digestFromBytes(Uint8Array.from({ length: 32 }, (_, index) => index));

describe("a digest", () => {
  it("is 32 bytes, and the same after a way through its bytes", () => {
    expect(digest).to.equal("0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    expect(digestFromBytes(digestToBytes(digest))).to.equal(digest);
    expect(() => parseDigest(`${digest}00`))
      .to.throw()
      .with.property("code", "DIGEST_MALFORMED");
  });

  it("has the CID that Python's base32 gives for the same bytes", () => {
    expect(toCid(digest)).to.equal("bagaybqabciqaaaicamcakbqhbaequcymbuha6earcijrifiwc4mbsgq3dqor4hy");
    expect(toCid(`0x${"ff".repeat(32)}` as Digest)).to.equal(`bagaybqabciqp${"7".repeat(50)}y`);
  });
});

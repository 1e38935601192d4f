import { expect } from "chai";
import { AbiCoder, keccak256 } from "ethers";
import fc from "fast-check";
import { nextCommitmentsHash } from "../../../protocol/contract/commitments-hash.ts";
import { parseAddress, parseDigest, type RoundId } from "../../../protocol/format/digest.ts";

describe("the hash of all commitments", () => {
  it("is the contract's, as ethers encodes it", () => {
    const word = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => parseDigest(`0x${Buffer.from(bytes).toString("hex")}`));
    const address = word.map((digest) => parseAddress(digest.slice(0, 42)));
    const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(word, uint32, address, word, uint32, (hash, round, member, manifest, sampleCount) => {
        const types = ["bytes32", "uint32", "address", "bytes32", "uint32"];
        const encoded = AbiCoder.defaultAbiCoder().encode(types, [hash, round, member, manifest, sampleCount]);
        const commitment = { round: round as RoundId, member, manifest, sampleCount };
        expect(nextCommitmentsHash(hash, commitment)).to.equal(keccak256(encoded));
      }),
      { numRuns: 50, seed: 1 },
    );
  });
});

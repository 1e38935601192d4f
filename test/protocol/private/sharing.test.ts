import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { commit, groupOrder } from "../../../protocol/private/group.ts";
import { maskKey } from "../../../protocol/private/mask.ts";
import { packKey, unpackSum } from "../../../protocol/private/packing.ts";
import { degree, rings } from "../../../protocol/private/ring.ts";
import { encodeShare, type Share, sumShares } from "../../../protocol/private/share.ts";
import {
  commitmentsTo,
  isShareOf,
  recoverShared,
  shareAt,
  sharingPolynomials,
  sumCommitments,
} from "../../../protocol/private/sharing.ts";
import { openingThreshold } from "../../../protocol/private/threshold.ts";
import { secretOf } from "../../fakes/party-ports.ts";
import { codeOf } from "../update/one-update.ts";
import { context } from "./private-round.ts";

const ring = rings.L16;
const secretsOf = (name: string) => ({ ring, secret: secretOf(name), context });

function sharingOf(name: string) {
  const polynomials = sharingPolynomials(secretsOf(name), openingThreshold(7));
  const shares = [1, 2, 3, 4, 5, 6, 7].map((holder) => shareAt(polynomials, holder));
  return { shares, commitments: commitmentsTo(polynomials, ring) };
}

describe("packing of mask keys", () => {
  it("gives the sums of residues of 256 keys of the largest residues: nothing carries", () => {
    for (const each of Object.values(rings)) {
      const largest = each.primes.map(({ value }) => new Int32Array(degree).fill(value - 1));
      const packed = packKey(largest, each);
      expect(packed).to.have.length(each.scalars);
      const sum = packed.map((scalar) => scalar * 256n);
      expect(unpackSum(sum, each, 256)).to.deep.equal(largest.map((slots) => slots.map((slot) => slot * 256)));
    }
  });

  it("adds up field by field, for any keys", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (names) => {
        const keys = names.map((name) => maskKey(secretsOf(name)));
        const sum = keys.map((key) => packKey(key, ring)).reduce((a, b) => a.map((scalar, i) => scalar + b[i]!));
        const expected = ring.primes.map((_, place) =>
          Int32Array.from({ length: degree }, (__, i) => keys.reduce((total, key) => total + key[place]![i]!, 0)),
        );
        expect(unpackSum(sum, ring, names.length)).to.deep.equal(expected);
      }),
      { seed: 18, numRuns: 5 },
    );
  });

  it("refuses fields that so many residues cannot add up to, and bits beside the fields", async () => {
    const packed = packKey(maskKey(secretsOf("key")), ring);
    const wrong = [
      packed.with(0, packed[0]! | 0xffffffn),
      packed.with(409, packed[409]! | (1n << 144n)), // the sixth field of the last scalar is unused
      packed.with(7, packed[7]! | (1n << 240n)),
    ];
    for (const scalars of wrong) {
      expect(await codeOf(async () => unpackSum(scalars, ring, 1))).to.equal("KEY_FIELD_TOO_LARGE");
    }
    unpackSum(packed, ring, 1);
  });
});

describe("sharing of mask keys", function () {
  this.timeout(120_000);
  let first: ReturnType<typeof sharingOf>;
  let second: ReturnType<typeof sharingOf>;
  before(() => {
    first = sharingOf("first");
    second = sharingOf("second");
  });

  it("has the contract's quorum as its threshold: more than two thirds", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 10, 100, 256].map(openingThreshold)).to.deep.equal([1, 2, 3, 3, 4, 5, 5, 7, 67, 171]);
    for (let n = 1; n <= 256; n++) expect(3 * openingThreshold(n)).to.be.above(2 * n);
  });

  it("gives every holder a share that fits the commitments, at its own place only", () => {
    const { shares, commitments } = first;
    for (const [index, share] of shares.entries()) {
      expect(isShareOf(share, index + 1, commitments, ring), `holder ${index + 1}`).to.equal(true);
    }
    expect(isShareOf(shares[0]!, 2, commitments, ring)).to.equal(false);
    expect(isShareOf(shares[0]!, 1, second.commitments, ring), "of another dealer").to.equal(false);
  });

  it("is the same for the same secrets, and to the bit what it was", () => {
    const again = sharingOf("first");
    const golden = createHash("sha256").update(encodeShare(again.shares[6]!));
    for (const commitment of again.commitments) golden.update(commitment.toBytes());
    expect(golden.digest("hex")).to.equal("f54f89a5102e08a40cacafe9e9c9c17e0d065fd78620041bcb15dcaa972df2e4");
    expect(again.shares[6]).to.deep.equal(first.shares[6]);
    expect(again.commitments[4]!.equals(first.commitments[4]!)).to.equal(true);
  });

  it("finds a share that is wrong in any one scalar, or in its blinding", () => {
    const { shares, commitments } = first;
    for (const place of [0, 7, 409, 410]) {
      const wrong = shares[3]!.map((scalar, index) => (index === place ? (scalar + 1n) % groupOrder : scalar));
      expect(isShareOf(wrong, 4, commitments, ring), `scalar ${place}`).to.equal(false);
    }
  });

  it("gives the sum of the keys from any openings that are enough, the same whichever they are", () => {
    const summed = sumCommitments([first, second].map(({ commitments }) => commitments));
    const openings = first.shares.map((_, index) => ({
      holder: index + 1,
      share: sumShares([first, second].map(({ shares }) => shares[index]!)),
    }));
    const keys = ["first", "second"].map((name) => packKey(maskKey(secretsOf(name)), ring));
    const expected = keys[0]!.map((scalar, index) => scalar + keys[1]![index]!);
    let recovered: Share | undefined;
    fc.assert(
      fc.property(fc.shuffledSubarray(openings, { minLength: 5 }), (some) => {
        const shared = recoverShared(some, 5);
        expect(shared.slice(0, -1)).to.deep.equal(expected);
        recovered ??= shared;
        expect(shared).to.deep.equal(recovered);
      }),
      { seed: 18, numRuns: 12 },
    );
    for (const { holder, share } of openings.slice(-2)) {
      expect(isShareOf(share, holder, summed, ring)).to.equal(true);
    }
    expect(commit(recovered!, ring).equals(summed[0]!)).to.equal(true);
  });

  it("refuses too few openings, also where one is there twice", async () => {
    const held = first.shares.slice(0, 4).map((share, index) => ({ holder: index + 1, share }));
    expect(await codeOf(async () => recoverShared(held, 5))).to.equal("OPENINGS_TOO_FEW");
    expect(await codeOf(async () => recoverShared([...held, held[0]!], 5))).to.equal("OPENINGS_TOO_FEW");
  });
});

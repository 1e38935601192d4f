import { expect } from "chai";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { auditSum } from "../../../protocol/private/audit-sum.ts";
import { groupOrder } from "../../../protocol/private/group.ts";
import { includedDigest } from "../../../protocol/private/opening.ts";
import { degree, rings } from "../../../protocol/private/ring.ts";
import { shareOfText } from "../../../protocol/private/scalars-field.ts";
import { recoverShared } from "../../../protocol/private/sharing.ts";
import { decodeSumKey, encodeSumKey } from "../../../protocol/private/sum-key.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { codeOf } from "../update/one-update.ts";
import { context, type DealtRound, dealtRound, hospitalAt, openingOf, sealedRound, sumOf } from "./private-round.ts";

describe("audit of a private round", function () {
  this.timeout(120_000);
  let round: DealtRound;
  before(async () => {
    round = await dealtRound({ count: 4 });
  });

  it("finds the sum of the included hospitals, to the bit, with one of four away", async () => {
    const sealed = await sealedRound(round, [0, 1, 3], [1, 2, 3]);
    const { sum, largestError } = await auditSum(sealed);
    expect([...sum]).to.deep.equal(sumOf(round, [0, 1, 3]));
    expect(largestError).to.be.below(3 * 84);
    const others = await sealedRound(round, [0, 1, 3], [0, 1, 2]);
    expect(others.key, "other holders recover the same key").to.deep.equal(sealed.key);
  });

  it("in the larger ring, too", async () => {
    const large = await dealtRound({ count: 2, ring: rings.L24, bound: 4_000_000, coordinates: degree + 1 });
    const { sum } = await auditSum(await sealedRound(large, [0, 1], [0, 1]));
    expect([...sum]).to.deep.equal(sumOf(large, [0, 1]));
  });

  it("refuses a key, a deal or a masked object of others", async () => {
    const good = await sealedRound(round, [0, 1, 2], [0, 1, 2]);
    const other = await sealedRound(round, [0, 1, 3], [0, 1, 2]);
    const later = await dealtRound({ count: 4, within: { ...context, round: 4 as typeof context.round } });
    const [first, ...rest] = good.included;
    const swapped = [good.included[1]!, first!, good.included[2]!];
    expect(await codeOf(() => auditSum({ ...good, key: other.key }))).to.equal("SUM_KEY_MISMATCH");
    expect(await codeOf(() => auditSum({ ...good, included: swapped }))).to.equal("SUM_KEY_MISMATCH");
    expect(await codeOf(() => auditSum({ ...good, included: rest }))).to.equal("SUM_KEY_MISMATCH");
    const replayed = [{ ...first!, deal: later.hospitals[0]!.deal }, ...rest];
    expect(await codeOf(() => auditSum({ ...good, included: replayed }))).to.equal("DEAL_MISMATCH");
    const masked = memorySource(later.hospitals[0]!.masked);
    expect(await codeOf(() => auditSum({ ...good, included: [{ ...first!, masked }, ...rest] }))).to.equal(
      "ROUND_SPOILT",
    );
  });

  it("refuses a key that the commitments do not fix, though it carries the right name", async () => {
    const good = await sealedRound(round, [0, 1, 2], [0, 1, 2]);
    const key = decodeSumKey(good.key);
    const shared = shareOfText(key.scalars, round.ring);
    for (const place of [0, 200, 410]) {
      const wrong = shared.map((scalar, i) => (i === place ? (scalar + 1n) % groupOrder : scalar));
      const forged = encodeSumKey({ context, included: key.included, shared: wrong });
      expect(await codeOf(() => auditSum({ ...good, key: forged })), `scalar ${place}`).to.equal("SUM_KEY_WRONG");
    }
  });

  it("calls a round spoilt where a hospital masked garbage", async () => {
    const good = await sealedRound(round, [0, 1, 2], [0, 1, 2]);
    const garbage = round.hospitals[0]!.masked.slice();
    garbage[garbage.length - 1]! ^= 0x40;
    const included = [{ ...good.included[0]!, masked: memorySource(garbage) }, ...good.included.slice(1)];
    const short = { ...good, coordinates: degree };
    expect(await codeOf(() => auditSum({ ...short, included }))).to.equal("ROUND_SPOILT");
  });

  // Why a holder journals what it opens, and why x is never sent again: the difference of two opened sets is one hospital.
  it("shows one hospital's input where two sets of one round are opened: what must never happen", async () => {
    const all = await auditSum(await sealedRound(round, [0, 1, 2, 3], [0, 1, 2]));
    const fewer = await auditSum(await sealedRound(round, [0, 1, 3], [0, 1, 2]));
    expect(Array.from(all.sum, (value, i) => value - fewer.sum[i]!)).to.deep.equal([...round.inputs[2]!]);
  });

  it("cannot be made from openings of two different sets", async () => {
    const [one, two] = [
      [0, 1, 2],
      [0, 1, 3],
    ];
    const held = [await openingOf(round, one!, 0), await openingOf(round, one!, 1), await openingOf(round, two!, 2)];
    const shared = recoverShared(held, 3);
    const sealed = await sealedRound(round, one!, [0, 1, 2]);
    const included = includedDigest(one!.map((index) => blobDigest(round.hospitals[index]!.deal)));
    const mixed = { ...sealed, key: encodeSumKey({ context, included, shared }) };
    expect(await codeOf(() => auditSum(mixed))).to.equal("SUM_KEY_WRONG");
    expect(sealed.included[0]!.hospital).to.equal(hospitalAt(0));
  });
});

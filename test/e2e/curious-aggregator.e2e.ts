// A curious aggregator with the objects of 100 rounds that the parties' own code made: masked updates, deals, boxes, openings and keys,
// and with what some holders know: their boxes' shares, inputs and mask keys. It chose two inputs, gave them to two hospitals in
// an order that a coin decided, so that the sum says nothing, and guesses the order.
import { expect } from "chai";
import { seededIntegers } from "../../foundation/random.ts";
import { parseRoundId } from "../../protocol/format/digest.ts";
import { auditSum } from "../../protocol/private/audit-sum.ts";
import { degree, rings } from "../../protocol/private/ring.ts";
import { shareOfText } from "../../protocol/private/scalars-field.ts";
import { recoverShared } from "../../protocol/private/sharing.ts";
import { decodeSumKey } from "../../protocol/private/sum-key.ts";
import { openingThreshold } from "../../protocol/private/threshold.ts";
import { sumMasked, unmask } from "../../protocol/private/unmask.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";
import { context, dealtRound, inputOf, openingOf, sealedRound, shareOf } from "../protocol/private/private-round.ts";

const ring = rings.L16;
const hospitals = 4;
const threshold = openingThreshold(hospitals);
const rounds = 100;
const coordinates = degree;
const chosen = [inputOf("chosen 0", coordinates, 3000), inputOf("chosen 1", coordinates, 3000)] as const;

/** Slots of any scalars, also of such that are no mask key. */
function slotsOf(scalars: readonly bigint[]): Int32Array[] {
  const fields = scalars.flatMap((scalar) =>
    Array.from({ length: 10 }, (_, i) => Number((scalar >> BigInt(24 * i)) & 0xffffffn)),
  );
  return ring.primes.map((_, place) => Int32Array.from(fields.slice(place * degree, (place + 1) * degree)));
}

/** Whether the values look more like the second input than half of both does. */
function looksLikeSecond(values: ArrayLike<number>): boolean {
  let sum = 0;
  for (let i = 0; i < coordinates; i++) {
    const middle = (chosen[0][i]! + chosen[1][i]!) / 2;
    sum += (values[i]! - middle) * (chosen[1][i]! - chosen[0][i]!);
  }
  return sum > 0;
}

describe("a curious aggregator with every object of 100 rounds", function () {
  this.timeout(600_000);
  /** Right guesses by way of guessing. */
  const right = { fewerShares: 0, enoughShares: 0, maskedAlone: 0, keyOfSum: 0 };

  before(async () => {
    const coin = seededIntegers("coin of the curious", 1);
    for (let round = 1; round <= rounds; round++) {
      const order = coin() & 1;
      const within = { ...context, round: parseRoundId(round) };
      const inputs = [
        chosen[order]!,
        chosen[1 - order]!,
        inputOf("own 2", coordinates, 500),
        inputOf("own 3", coordinates, 500),
      ];
      const made = await dealtRound({ count: hospitals, coordinates, within, name: `curious ${round} `, inputs });
      const all = [0, 1, 2, 3];
      if (round === 1) for (const holder of all) await openingOf(made, all, holder);
      const sealed = await sealedRound(made, all, [0, 1, 2]);
      if (round === 1) await auditSum(sealed);
      const victim = await sumMasked([memorySource(made.hospitals[0]!.masked)], { ring, coordinates });
      const guess = (values: ArrayLike<number>) => (looksLikeSecond(values) === (order === 1) ? 1 : 0);
      const under = (scalars: readonly bigint[]) =>
        unmask(victim, slotsOf(scalars), { ring, context: within, coordinates }).sum;
      const held = await Promise.all(
        [3, 2, 1].map(async (holder) => ({ holder: holder + 1, share: await shareOf(made, 0, holder) })),
      );
      // With fewer than enough shares: the key of the shortest polynomials that fit them.
      right.fewerShares += guess(under(recoverShared(held.slice(0, threshold - 1), threshold - 1).slice(0, -1)));
      right.enoughShares += guess(under(recoverShared(held, threshold).slice(0, -1)));
      right.keyOfSum += guess(under(shareOfText(decodeSumKey(sealed.key).scalars, ring).slice(0, -1)));
      right.maskedAlone += guess(Float64Array.from(victim[0]!, (value) => (value > 30720 ? value - 61441 : value)));
    }
  });

  for (const way of ["fewerShares", "maskedAlone", "keyOfSum"] as const) {
    it(`tells two chosen inputs apart no better than by chance plus three sigma: ${way}`, () => {
      const most = rounds / 2 + (3 * Math.sqrt(rounds)) / 2;
      expect(right[way]).to.be.at.most(most);
      expect(right[way], "nor worse, which would be as good").to.be.at.least(rounds - most);
    });
  }

  it("tells them apart every time with as many holders as the threshold", () => {
    expect(right.enoughShares).to.equal(rounds);
  });
});

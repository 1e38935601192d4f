// A curious aggregator with threshold - 1 holders and every object of 100 rounds: it chose two inputs for one hospital, gave
// them to two hospitals in an order that a coin decided, so that the sum says nothing, and guesses the order.
import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import { parseRoundId } from "../../../protocol/format/digest.ts";
import { maskInput } from "../../../protocol/private/mask.ts";
import { degree, rings } from "../../../protocol/private/ring.ts";
import { type HeldShare, recoverShared, shareAt, sharingPolynomials } from "../../../protocol/private/sharing.ts";
import { openingThreshold } from "../../../protocol/private/threshold.ts";
import { sumMasked, unmask } from "../../../protocol/private/unmask.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { secretOf } from "../../fakes/party-ports.ts";
import { context, inputOf } from "./private-round.ts";

const ring = rings.L16;
const hospitals = 4;
const threshold = openingThreshold(hospitals);
const rounds = 100;
const inputs = [inputOf("chosen 0", degree, 3000), inputOf("chosen 1", degree, 3000)] as const;

/** Mask keys of any scalars, also of such that are none: what an attacker tries. */
function slotsOf(scalars: readonly bigint[]): Int32Array[] {
  const fields = scalars.flatMap((scalar) =>
    Array.from({ length: 10 }, (_, i) => Number((scalar >> BigInt(24 * i)) & 0xffffffn)),
  );
  return ring.primes.map((_, place) => Int32Array.from(fields.slice(place * degree, (place + 1) * degree)));
}

/** Positive where the values look like the second input. */
function leaning(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < degree; i++) sum += values[i]! * (inputs[1]![i]! - inputs[0]![i]!);
  return sum;
}

async function guesses(holders: number): Promise<{ byShares: number; byMaskedAlone: number }> {
  const coin = seededIntegers("coin", holders);
  let [byShares, byMaskedAlone] = [0, 0];
  for (let round = 1; round <= rounds; round++) {
    const within = { ...context, round: parseRoundId(round) };
    const order = coin() & 1;
    const secrets = { ring, secret: secretOf(`victim ${round}`), context: within };
    const masked = await sumMasked([memorySource(maskInput(inputs[order]!, secrets))], { ring, coordinates: degree });
    const polynomials = sharingPolynomials(secrets, threshold);
    const held: HeldShare[] = [];
    for (let holder = 1; holder <= holders; holder++) held.push({ holder, share: shareAt(polynomials, holder) });
    // With fewer than enough shares this is the key of the shortest polynomial that fits them.
    const key = slotsOf(recoverShared(held, holders).slice(0, -1));
    const { sum } = unmask(masked, key, { ring, context: within, coordinates: degree });
    if (
      leaning(sum) > leaning(Int32Array.from(inputs[0]!, (value, i) => (value + inputs[1]![i]!) / 2)) ===
      (order === 1)
    )
      byShares++;
    const centred = Float64Array.from(masked[0]!, (value) => (value > 30720 ? value - 61441 : value));
    if (leaning(centred) > 0 === (order === 1)) byMaskedAlone++;
  }
  return { byShares, byMaskedAlone };
}

describe("a curious aggregator with holders of a private round", function () {
  this.timeout(120_000);
  const chancePlusThreeSigma = rounds / 2 + (3 * Math.sqrt(rounds)) / 2;

  it("tells two chosen inputs apart no better than by chance with threshold - 1 holders", async () => {
    const { byShares, byMaskedAlone } = await guesses(threshold - 1);
    for (const right of [byShares, byMaskedAlone]) {
      expect(right).to.be.at.most(chancePlusThreeSigma);
      expect(right, "nor worse, which would be as good").to.be.at.least(rounds - chancePlusThreeSigma);
    }
  });

  it("tells them apart every time with as many holders as the threshold", async () => {
    expect((await guesses(threshold)).byShares).to.equal(rounds);
  });
});

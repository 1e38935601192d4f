import { expect } from "chai";
import fc from "fast-check";
import { parseRoundId } from "../../../protocol/format/digest.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { maskInput, maskKey } from "../../../protocol/private/mask.ts";
import { checkMasked, maskedBytes } from "../../../protocol/private/masked.ts";
import { degree, type Ring, rings } from "../../../protocol/private/ring.ts";
import { sumMasked, unmask } from "../../../protocol/private/unmask.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { secretOf } from "../../fakes/party-ports.ts";
import { codeOf } from "../update/one-update.ts";
import { context, inputOf } from "./private-round.ts";

/** The sum of inputs by way of their masked objects and the sum of their keys. */
async function sumByMasks(inputs: readonly Int32Array[], ring: Ring, name = "") {
  const secrets = inputs.map((_, index) => ({ ring, secret: secretOf(`${name}${index}`), context }));
  const coordinates = inputs[0]!.length;
  const masked = await sumMasked(
    inputs.map((input, index) => memorySource(maskInput(input, secrets[index]!))),
    { ring, coordinates },
  );
  const keys = secrets.map((each) => maskKey(each));
  const key = ring.primes.map((_, place) =>
    Int32Array.from({ length: degree }, (__, i) => keys.reduce((sum, each) => sum + each[place]![i]!, 0)),
  );
  return unmask(masked, key, { ring, context, coordinates });
}

describe("masked sums", () => {
  for (const ring of Object.values(rings)) {
    const most = ring.plaintext / 2 - 1;

    it(`${ring.name}: are exact, for any inputs whose sum is in range`, async () => {
      const values = fc.array(
        fc.array(fc.integer({ min: -Math.floor(most / 4), max: Math.floor(most / 4) }), {
          minLength: 5,
          maxLength: 5,
        }),
        { minLength: 1, maxLength: 4 },
      );
      await fc.assert(
        fc.asyncProperty(values, async (inputs) => {
          const { sum } = await sumByMasks(
            inputs.map((input) => Int32Array.from(input)),
            ring,
          );
          expect([...sum]).to.deep.equal(
            [0, 1, 2, 3, 4].map((i) => inputs.reduce((total, input) => total + input[i]!, 0)),
          );
        }),
        { seed: 18, numRuns: 12 },
      );
    });

    it(`${ring.name}: are exact at both ends of the range, over several polynomials`, async () => {
      const input = inputOf("ends", 2 * degree + 3, most);
      input.set([most, -most, 0, 1, -1], degree - 2);
      const { sum, largestError } = await sumByMasks([input, new Int32Array(input.length)], ring);
      expect(sum).to.deep.equal(input);
      expect(largestError).to.be.within(10, 168);
    });

    it(`${ring.name}: wrap where a sum is one beyond the range, which is why the plan bounds it`, async () => {
      const inputs = [Int32Array.of(most, -most), Int32Array.of(2, -2)];
      expect([...(await sumByMasks(inputs, ring)).sum]).to.not.deep.equal([most + 2, -most - 2]);
    });
  }

  it("refuse an input beyond the range, and name no coordinate", async () => {
    for (const value of [32768, -32768, 2 ** 31 - 1, -(2 ** 31)]) {
      const secrets = { ring: rings.L16, secret: secretOf("x"), context };
      expect(await codeOf(async () => maskInput(Int32Array.of(0, value), secrets))).to.equal("INPUT_OUT_OF_RANGE");
    }
  });
});

describe("masked objects", () => {
  const secrets = { ring: rings.L16, secret: secretOf("golden"), context };
  const input = inputOf("golden", 3000, 3000);

  it("are golden bytes", () => {
    expect(blobDigest(maskInput(input, secrets))).to.equal(
      "0xeab81d7e284e1a1ac8d6fb281bcdf850a2601d00c2cac59063b0186a6f7b5969",
    );
    expect(blobDigest(maskInput(input, { ...secrets, ring: rings.L24 }))).to.equal(
      "0xc538c88421248ba3fc19824a53cd46402e87e3271ce2e1cf7f4c0b53ad9f3276",
    );
  });

  it("are safetensors of U16 with one tensor a prime, of the size that ring and coordinates fix", async () => {
    const bytes = maskInput(input, secrets);
    expect(bytes.length).to.equal(maskedBytes(rings.L16, 3000));
    const { tensors } = decodeSafetensors(bytes);
    expect(tensors.map(({ name, dtype, shape }) => [name, dtype, ...shape])).to.deep.equal([
      ["40961", "U16", 4096],
      ["61441", "U16", 4096],
    ]);
    await checkMasked(memorySource(bytes), { ring: rings.L16, coordinates: 3000 });
    await checkMasked(memorySource(bytes), { ring: rings.L16, coordinates: 4096 });
  });

  it("have nothing in common in two rounds, or under two secrets", () => {
    const first = decodeSafetensors(maskInput(input, secrets)).tensors[0]!.data;
    for (const other of [
      { ...secrets, secret: secretOf("other") },
      { ...secrets, context: { ...context, round: parseRoundId(4) } },
      { ...secrets, context: { ...context, chainId: 1 } },
    ]) {
      const second = decodeSafetensors(maskInput(input, other)).tensors[0]!.data;
      expect(second.filter((value, i) => value === first[i]).length).to.be.below(5);
    }
  });

  it("under one secret twice show the difference of two inputs: why a secret is for one input", () => {
    const changed = input.slice();
    changed[5] = changed[5]! + 1;
    const [one, two] = [input, changed].map((each) => decodeSafetensors(maskInput(each, secrets)).tensors[0]!.data);
    expect([...one!.keys()].filter((i) => one![i] !== two![i])).to.deep.equal([5]);
  });

  it("refuse another size, another header, a residue that is not below its prime", async () => {
    const bytes = maskInput(input, secrets);
    const shape = { ring: rings.L16, coordinates: 3000 };
    const header = bytes.slice();
    header[20] = 0x41;
    const residue = bytes.slice();
    residue.fill(0xff, residue.length - 2);
    for (const wrong of [bytes.subarray(0, -1), header, residue]) {
      expect(await codeOf(() => checkMasked(memorySource(wrong), shape))).to.equal("MASKED_MALFORMED");
    }
    const others = { ring: rings.L24, coordinates: 3000 };
    expect(await codeOf(() => checkMasked(memorySource(bytes), others))).to.equal("MASKED_MALFORMED");
    expect(await codeOf(() => checkMasked(memorySource(bytes), { ...shape, coordinates: 4097 }))).to.equal(
      "MASKED_MALFORMED",
    );
  });
});

import { expect } from "chai";
import { KeyStream } from "../../../protocol/private/key-stream.ts";
import { chooseRing, degree, fieldBits, maxDealers, residuesPerScalar, rings } from "../../../protocol/private/ring.ts";
import { multiplierBy } from "../../../protocol/private/transform.ts";

const power = (base: number, exponent: number, p: number): number => {
  let result = 1;
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
};
const reversed = (index: number) =>
  Number.parseInt(index.toString(2).padStart(11, "0").split("").reverse().join(""), 2);
const primes = rings.L24.primes;

describe("rings of private sums", () => {
  it("have primes that are 1 modulo 4096, and the least root whose 2048th power is -1", () => {
    for (const { value, root } of primes) {
      expect(value % 4096).to.equal(1);
      for (let divisor = 2; divisor * divisor <= value; divisor++) expect(value % divisor).to.not.equal(0);
      let least = 2;
      while (power(least, degree, value) !== value - 1) least++;
      expect(root).to.equal(least);
    }
  });

  it("have the sizes that docs/protocol.md says, below the bound of 54 bits for 128 bits of security", () => {
    const { L16, L24 } = rings;
    expect([L16.modulus, L16.delta, L16.scalars]).to.deep.equal([2_516_684_801, 38_401, 410]);
    expect([L24.modulus, L24.delta, L24.scalars]).to.deep.equal([30_927_539_519_489, 1_843_425, 615]);
    expect(Math.log2(L24.modulus)).to.be.below(54);
  });

  it("leave room for rounding: delta times the largest sum, and errors of half delta, do not wrap", () => {
    for (const { modulus, plaintext, delta } of Object.values(rings)) {
      expect(delta * (plaintext / 2 - 1) + (delta - 1) / 2).to.be.below(modulus / 2);
      expect(delta % 2, "no ties").to.equal(1);
    }
  });

  it("never carry between fields of a scalar: 256 largest residues", () => {
    expect(maxDealers * (Math.max(...primes.map(({ value }) => value)) - 1)).to.be.below(2 ** fieldBits);
    expect((maxDealers + 18) * 61440, "more dealers than allowed would").to.be.above(2 ** fieldBits - 1);
    expect(residuesPerScalar * fieldBits).to.be.below(252);
  });

  it("are chosen as small as the sum allows", () => {
    expect(chooseRing({ hospitals: 256, largest: 127, noiseStdDev: 0 }).name).to.equal("L16");
    expect(chooseRing({ hospitals: 10, largest: 3276, noiseStdDev: 0 }).name).to.equal("L16");
    expect(chooseRing({ hospitals: 10, largest: 3277, noiseStdDev: 0 }).name).to.equal("L24");
    expect(chooseRing({ hospitals: 256, largest: 32767, noiseStdDev: 0 }).name).to.equal("L24");
    // 4 * 7000 + 8 * 2 * 298 = 32,768
    expect(chooseRing({ hospitals: 4, largest: 7000, noiseStdDev: 297 }).name).to.equal("L16");
    expect(chooseRing({ hospitals: 4, largest: 7000, noiseStdDev: 298 }).name).to.equal("L24");
  });

  for (const refused of [
    { hospitals: 256, largest: 32768, noiseStdDev: 0 },
    { hospitals: 257, largest: 1, noiseStdDev: 0 },
    { hospitals: 0, largest: 1, noiseStdDev: 0 },
    { hospitals: 4, largest: 0, noiseStdDev: 0 },
    { hospitals: 4, largest: 100, noiseStdDev: 2 ** 20 },
    { hospitals: 4, largest: Number.NaN, noiseStdDev: 0 },
  ]) {
    it(`refuse ${JSON.stringify(refused)}`, () => {
      expect(() => chooseRing(refused))
        .to.throw()
        .with.property("code", "RING_TOO_SMALL");
    });
  }
});

describe("products with a mask key", () => {
  for (const prime of primes) {
    const { value: p, root } = prime;
    const random = (name: string) => {
      const values = new Int32Array(degree);
      KeyStream.ofText(name).residues(values, p);
      return values;
    };
    const slotsOf: Record<string, Int32Array> = {
      random: random("slots"),
      largest: new Int32Array(degree).fill(p - 1),
      zero: new Int32Array(degree),
      one: new Int32Array(degree).fill(1),
    };

    it(`modulo ${p} are coefficients whose value at root^(2 brv(i) + 1) is the product of slots i`, () => {
      for (const [left, right] of [
        ["random", "one"],
        ["random", "random"],
        ["largest", "random"],
        ["largest", "largest"],
        ["random", "zero"],
      ] as const) {
        const multiplier = multiplierBy(slotsOf[right]!, prime);
        multiplier.polynomial.set(slotsOf[left]!);
        multiplier.multiply();
        const coefficients = multiplier.polynomial;
        expect(Math.min(...coefficients)).to.be.at.least(0);
        expect(Math.max(...coefficients)).to.be.below(p);
        for (const slot of [0, 1, 2, 3, 777, 1536, 2047]) {
          const place = power(root, 2 * reversed(slot) + 1, p);
          let value = 0;
          for (let j = degree - 1; j >= 0; j--) value = (value * place + coefficients[j]!) % p;
          const expected = (slotsOf[left]![slot]! * slotsOf[right]![slot]!) % p;
          expect(value, `${left} times ${right}, slot ${slot}`).to.equal(expected);
        }
      }
    });

    it(`modulo ${p} cover inputs to their bounds, and errors to both sides of zero`, () => {
      const multiplier = multiplierBy(random("key"), prime);
      const edge = 2 ** 23 - 1;
      const inputs = [0, 1, -1, p, -p, p - 1, 1 - p, edge, -edge, edge - p, 32767, -32767];
      const errors = [0, 84, -84, 1, -1];
      const products = [0, p - 1, 83, p - 84, 12345];
      const cases = inputs.flatMap((x) => errors.flatMap((e) => products.map((product) => [x, e, product] as const)));
      cases.forEach(([x, e, product], i) => {
        multiplier.input[i] = x;
        multiplier.errors[i] = e;
        multiplier.polynomial[i] = product;
      });
      for (const { delta } of Object.values(rings)) {
        multiplier.cover(delta);
        for (const [i, [x, e, product]] of cases.entries()) {
          const expected = (((product + e + delta * x) % p) + p) % p;
          expect(multiplier.masked[i], `${product} + ${e} + ${delta} * ${x}`).to.equal(expected);
        }
      }
    });
  }
});

import { expect } from "chai";
import { KeyStream } from "../../../protocol/private/key-stream.ts";
import { chooseRing, degree, fieldBits, maxDealers, residuesPerScalar, rings } from "../../../protocol/private/ring.ts";
import { quotientsOf, transformOf } from "../../../protocol/private/transform.ts";

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

describe("transform", () => {
  for (const prime of primes) {
    const { value: p, root } = prime;
    const transform = transformOf(prime);
    const random = (name: string) => {
      const values = new Int32Array(degree);
      KeyStream.ofText(name).residues(values, p);
      return values;
    };

    it(`modulo ${p}: slot i is the value at root^(2 brv(i) + 1)`, () => {
      for (const slots of [random("slots"), new Int32Array(degree).fill(p - 1), new Int32Array(degree)]) {
        const coefficients = slots.slice();
        transform.invert(coefficients);
        for (const slot of [0, 1, 2, 777, 2047]) {
          const place = power(root, 2 * reversed(slot) + 1, p);
          let value = 0;
          for (let j = degree - 1; j >= 0; j--) value = (value * place + coefficients[j]!) % p;
          expect(value, `slot ${slot}`).to.equal(slots[slot]);
        }
      }
    });

    it(`modulo ${p}: products of slots, also of the largest residues`, () => {
      const [left, right] = [random("left"), random("right")];
      left.fill(p - 1, 0, 64);
      right.fill(p - 1, 32, 96);
      const product = left.slice();
      transform.multiply(product, right, quotientsOf(right, p));
      expect([...product]).to.deep.equal(Array.from(left, (value, i) => (value * right[i]!) % p));
    });
  }
});

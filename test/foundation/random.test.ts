import { expect } from "chai";
import { seededIntegers, xoshiro128 } from "../../foundation/random.ts";
import { exponentAbove, powerOfTwo } from "../../protocol/update/power-of-two.ts";

describe("random integers", () => {
  it("are xoshiro128**'s: the authors' C code gives these from the state 1, 2, 3, 4", () => {
    const next = xoshiro128(1, 2, 3, 4);
    expect(Array.from({ length: 4 }, next)).to.deep.equal([11520, 0, 5927040, 70819200]);
  });

  it("differ by purpose and repeat by purpose", () => {
    const first = seededIntegers(7, "update", 1, "0xab", 1)();
    expect(seededIntegers(7, "update", 1, "0xab", 1)()).to.equal(first);
    expect(seededIntegers(7, "update", 1, "0xab", 2)()).to.not.equal(first);
    expect(seededIntegers(7, "update", 11, "0xab")()).to.not.equal(seededIntegers(7, "update", 1, "10xab")());
  });
});

describe("powers of two", () => {
  it("are exact over the whole range, and found from above", () => {
    for (let exponent = -1022; exponent <= 1022; exponent++) {
      expect(powerOfTwo(exponent)).to.equal(2 ** exponent);
      expect(exponentAbove(2 ** exponent)).to.equal(exponent);
    }
    expect([0.75, 1, 1.0001, 3].map(exponentAbove)).to.deep.equal([0, 0, 1, 2]);
  });
});

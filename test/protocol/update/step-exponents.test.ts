// The steps of rounding: too coarse and an update is lost, too fine and it saturates.
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import {
  decodeExponents,
  encodeExponents,
  firstExponent,
  medianExponents,
  proposedExponent,
} from "../../../protocol/update/step-exponents.ts";

describe("the exponents of steps", () => {
  it("in round 1 fit an update at the clip norm, whose coordinates are at most so many times their root mean square", () => {
    // 1 coordinate: range 8, step at least 8 / 127 = 0.063. 10^6 of them: 16 * 8 / 1000 / 127 = 0.00101.
    expect(firstExponent("I8", 8, 1)).to.equal(-3);
    expect(firstExponent("I8", 8, 1_000_000)).to.equal(-9);
    expect(firstExponent("I16", 8, 1)).to.equal(-11);
    // 64 * 8 / 1000 / 32767 = 0.0000156, and for I32 128 * 8 / 1000 / 8388607 = 1.22e-7.
    expect(firstExponent("I16", 8, 1_000_000)).to.equal(-15);
    expect(firstExponent("I32", 8, 1_000_000)).to.equal(-22);
    expect(firstExponent("I8", 8, 0)).to.equal(-3);
  });

  it("afterwards fit the largest value, with more room in wider types", () => {
    const moved = { largestMagnitude: 1, rootMeanSquare: 0.5 };
    // 1 / 127, 16 / 32767 and 64 / 8388607: each a little above a power of two.
    expect(proposedExponent("I8", moved, 0)).to.equal(-6);
    expect(proposedExponent("I16", moved, 0)).to.equal(-10);
    expect(proposedExponent("I32", moved, 0)).to.equal(-16);
  });

  it("let outliers saturate instead of making the step coarser", () => {
    // 16 times 0.5 is 8: 8 / 127 = 0.063, however large the one value is.
    for (const largestMagnitude of [8, 100, 1e30]) {
      expect(proposedExponent("I8", { largestMagnitude, rootMeanSquare: 0.5 }, 0)).to.equal(-3);
    }
    expect(proposedExponent("I16", { largestMagnitude: 1e30, rootMeanSquare: 0.5 }, 0)).to.equal(-3);
    expect(proposedExponent("I32", { largestMagnitude: 1e30, rootMeanSquare: 0.5 }, 0)).to.equal(-5);
  });

  it("stay where a tensor did not move, or its numbers are none", () => {
    for (const rootMeanSquare of [0, Number.NaN]) {
      expect(proposedExponent("I8", { largestMagnitude: 0, rootMeanSquare }, -7)).to.equal(-7);
    }
  });

  it("stay within the range that float32 weights make sense in", () => {
    expect(proposedExponent("I8", { largestMagnitude: 1e-30, rootMeanSquare: 1e-30 }, 0)).to.equal(-60);
    expect(proposedExponent("I8", { largestMagnitude: 1e30, rootMeanSquare: 1e30 }, 0)).to.equal(24);
    expect(decodeExponents("[-60,24]", 2)).to.deep.equal([-60, 24]);
    for (const text of ["[-61,24]", "[-60,25]", "[-60]", "[-60, 24]", "[0.5,0]", "", undefined]) {
      const decode = () => decodeExponents(text, 2);
      expect(decode, text)
        .to.throw()
        .that.satisfies((error: unknown) => isFedError(error, "EXPONENTS_MALFORMED"));
    }
    expect(decodeExponents(encodeExponents([3, -4]), 2)).to.deep.equal([3, -4]);
  });

  it("of the next round are each tensor's upper median of the proposals: fewer than half cannot move it", () => {
    expect(
      medianExponents([
        [1, -5],
        [2, -6],
        [24, -60],
      ]),
    ).to.deep.equal([2, -6]);
    expect(
      medianExponents([
        [1, -5],
        [2, -6],
        [24, 24],
        [24, 24],
      ]),
    ).to.deep.equal([24, 24]);
    expect(medianExponents([[10], [9], [-60], [-60], [8]])).to.deep.equal([8]);
    expect(medianExponents([])).to.deep.equal([]);
  });
});

import { expect } from "chai";
import { parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { updateLayout } from "../../../protocol/update/update-layout.ts";
import { clipNorms, NormAccumulator, scaleWithin } from "../../../protocol/update/update-norm.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";

describe("the norm of an update", () => {
  it("is the same whatever runs the integers come in, each tensor at its own step", () => {
    const base = modelOf({ v: [0, 0], w: [0, 0, 0] }, [-1, 2]);
    const layout = updateLayout(parseSafetensorsHeader(base, base.byteLength), planOf("fedavg"));
    // (6, 8) at steps of 1/2 and (1, 2, 2) at steps of 4: 3, 4, 4, 8, 8.
    const integers = Int16Array.of(6, 8, 1, 2, 2);
    for (const runs of [[5], [2, 3], [1, 1, 1, 1, 1], [3, 2], [0, 4, 1]]) {
      const accumulator = new NormAccumulator(layout);
      let start = 0;
      for (const length of runs) {
        accumulator.add(integers.subarray(start, start + length));
        start += length;
      }
      expect(accumulator.norms()).to.deep.equal({ delta: 13, control: 0 });
    }
  });

  it("has a limit for the control variate under SCAFFOLD only", () => {
    expect(clipNorms(planOf("scaffold", { update: { clipNorm: 3 } }))).to.deep.equal({ delta: 3, control: 1024 });
    expect(clipNorms(planOf("fedavg", { update: { clipNorm: 3 } }))).to.deep.equal({ delta: 3, control: 0 });
  });
});

describe("the scale for a rounded vector that is too long", () => {
  it("is 1 up to the limit, and leaves room for what rounding adds above it", () => {
    expect(scaleWithin(4, 8)).to.equal(1);
    expect(scaleWithin(8, 8)).to.equal(1);
    // Rounding made the square of the norm 1.21 times the limit's: it may do so again, and 1 - 0.21 and 0.21 are 1.
    expect(scaleWithin(8.8, 8)).to.be.closeTo(0.998 * Math.sqrt(0.79), 1e-12);
    expect(scaleWithin(8.000001, 8)).to.be.closeTo(0.998, 1e-6);
    expect(scaleWithin(800, 8)).to.be.closeTo(0.499, 1e-12);
  });
});

import { expect } from "chai";
import { createKernelMemory } from "../../../foundation/wasm-kernel.ts";
import { MeanKernel } from "../../../protocol/strategy/mean-kernel.ts";

const length = 64;
const sumsAt = 0;
const kernelAt = 4 * length;

function world() {
  const memory = createKernelMemory(kernelAt + MeanKernel.bytesFor(length));
  const sums = new Int32Array(memory.buffer, sumsAt, length);
  const kernel = new MeanKernel(memory, kernelAt, length);
  return { sums, kernel, values: kernel.values(length) };
}

/** Values of every size a model may have, and sums up to the largest. */
function fill(sums: Int32Array, values: Float32Array): void {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state;
  };
  for (let index = 0; index < length; index++) {
    sums[index] = index % 7 === 0 ? 0 : next() >> (index % 20);
    values[index] = (next() / 2 ** 31) * 2 ** ((index % 60) - 40);
  }
  values[3] = -0;
}

describe("the kernel that moves a model", () => {
  for (const [total, unit] of [
    [1, 1],
    [3, 2 ** -14],
    [65535, 2 ** -30],
    [49, 2 ** 10],
  ] as const) {
    it(`comes to the plain loop's bits: total ${total}, unit ${unit}`, () => {
      const { sums, kernel, values } = world();
      fill(sums, values);
      const expected = values.map((value, index) => Math.fround(value + (sums[index]! / total) * unit));
      const { done, areFinite } = kernel.move(sums, total, unit);
      expect([done, areFinite]).to.deep.equal([length, true]);
      expect(Buffer.from(values.buffer, values.byteOffset, values.byteLength)).to.deep.equal(
        Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength),
      );
    });
  }

  it("leaves the last few to its caller, and what follows untouched", () => {
    const { sums, kernel, values } = world();
    sums.fill(1);
    expect(kernel.move(sums.subarray(0, 7), 1, 1)).to.deep.equal({ done: 4, areFinite: true });
    expect([...values.subarray(0, 8)]).to.deep.equal([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(kernel.move(sums.subarray(0, 3), 1, 1)).to.deep.equal({ done: 0, areFinite: true });
  });

  for (const position of [0, 1, 2, 3, 61, 62, 63]) {
    it(`sees a value that is not finite, at ${position} too`, () => {
      for (const bad of [Number.POSITIVE_INFINITY, Number.NaN, 3.4028234663852886e38]) {
        const { sums, kernel, values } = world();
        values[position] = bad;
        sums.fill(1);
        expect(kernel.move(sums, 1, 2 ** 110).areFinite, String(bad)).to.equal(false);
      }
    });
  }
});

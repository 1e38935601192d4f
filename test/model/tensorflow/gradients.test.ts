import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import { groupNorm } from "../../../model/network/group-norm.ts";
import { Variables } from "../../../model/network/layers.ts";
import { marginLoss } from "../../../model/network/margin-loss.ts";
import { decode, reconstructionLoss, thumbnail } from "../../../model/network/reconstruction.ts";
import { capsuleLayer } from "../../../model/network/routing.ts";
import { squash } from "../../../model/network/squash.ts";
import { addBias, batchNorm, mapMaximum, maxPool, relu } from "../../../model/tensorflow/fused-kernels.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";

function random(seed: number, shape: number[]): Tensor {
  const next = seededIntegers("gradients", seed);
  const size = shape.reduce((product, side) => product * side, 1);
  // Away from 0, where relu has no derivative.
  return tf.tensor(
    Float32Array.from({ length: size }, () => (next() % 2 ? 1 : -1) * (0.2 + (next() % 1000) / 1000)),
    shape,
  );
}

/** Compares a gradient with central differences of a scalar function; float32 allows 1 % at this width. */
function checkGradient(f: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]): void {
  tf.tidy(() => {
    const probe = random(99, f(...inputs).shape);
    const scalar = (...args: Tensor[]) =>
      f(...args)
        .mul(probe)
        .sum() as Scalar;
    const gradients = tf.grads(scalar)(inputs);
    const width = 1e-2;
    for (const [which, input] of inputs.entries()) {
      const expected = gradients[which]?.dataSync() as Float32Array;
      const values = input.dataSync();
      for (let i = 0; i < values.length; i++) {
        const at = (move: number) => {
          const moved = Float32Array.from(values, (value, j) => (i === j ? value + move : value));
          const args = inputs.map((each, j) => (j === which ? tf.tensor(moved, input.shape) : each));
          return scalar(...args).dataSync()[0]!;
        };
        const numeric = (at(width) - at(-width)) / (2 * width);
        expect(expected[i], `input ${which}, element ${i}`).to.be.closeTo(numeric, 0.01 + 0.02 * Math.abs(numeric));
      }
    }
  });
}

describe("gradients agree with differences", () => {
  it("of relu", () => checkGradient((x) => relu(x as Tensor), [random(1, [3, 4])]));
  it("of a bias", () =>
    checkGradient((x, bias) => addBias(x as Tensor, bias as Tensor1D), [random(2, [2, 2, 2, 3]), random(3, [3])]));
  it("of the largest of a map, which equal cells share", () => {
    checkGradient((x) => mapMaximum(x as Tensor4D), [random(4, [2, 3, 2, 3])]);
    tf.tidy(() => {
      // Channel 0 has its maximum in two of four cells, channel 1 in all.
      const x = tf.tensor4d([5, 1, 2, 1, 5, 1, 3, 1], [1, 2, 2, 2]);
      const gradient = tf.grad((map) => mapMaximum(map as Tensor4D).mul(tf.tensor2d([[6, 8]])))(x);
      expect([...gradient.dataSync()]).to.deep.equal([3, 2, 0, 2, 3, 2, 0, 2]);
    });
  });
  it("of batch norm", () =>
    checkGradient(
      (x, gamma, beta) => {
        const { y, mean, variance } = batchNorm(x as Tensor4D, gamma as Tensor1D, beta as Tensor1D);
        mean.dispose();
        variance.dispose();
        return y;
      },
      [random(4, [2, 3, 2, 2]), random(5, [2]), random(6, [2])],
    ));
  it("of group norm", () => {
    checkGradient(
      (x, gamma, beta) => groupNorm(x as Tensor4D, gamma as Tensor1D, beta as Tensor1D, 2),
      [random(11, [2, 2, 3, 4]), random(12, [4]), random(13, [4])],
    );
    const y = groupNorm(random(11, [2, 2, 3, 4]) as Tensor4D, tf.ones([4]), tf.zeros([4]), 2);
    const { mean, variance } = tf.moments(y.reshape([2, 6, 2, 2]), [1, 3]);
    for (const value of mean.dataSync()) expect(value).to.be.closeTo(0, 1e-5);
    for (const value of variance.dataSync()) expect(value).to.be.closeTo(1, 1e-3);
  });
  for (const [size, stride, padding] of [
    [2, 2, "same"],
    [3, 2, "valid"],
  ] as const) {
    it(`of the largest of ${size} x ${size} pixels`, () => {
      // No two values nearer to each other than twice the width of a difference: the largest stays the largest.
      const order = [7, 2, 11, 0, 19, 5, 13, 24, 1, 16, 9, 21, 3, 14, 22, 6, 18, 10, 4, 23, 12, 17, 8, 20, 15];
      const x = tf.tensor4d(
        order.map((place) => place / 20),
        [1, 5, 5, 1],
      );
      checkGradient((input) => maxPool(input as Tensor4D, size, stride, padding), [x]);
      expect(maxPool(x, size, stride, padding).dataSync()).to.deep.equal(
        tf.maxPool(x, size, stride, padding).dataSync(),
      );
    });
  }
  for (const variant of ["sabour", "paper"] as const) {
    it(`of squash (${variant})`, () => checkGradient((s) => squash(s as Tensor, variant), [random(7, [3, 4])]));
    for (const iterations of [1, 2, 3, 5]) {
      it(`of routing (${variant}, ${iterations} iterations)`, () =>
        checkGradient(
          (u, weights) => capsuleLayer(u as Tensor3D, weights as Tensor2D, 3, { iterations, variant }).v,
          [random(8, [2, 4, 3]), random(9, [3, 6])],
        ));
    }
  }
});

describe("reconstruction", () => {
  const decoder = { widths: [3, 4], side: 2 } as const;
  const masks = tf.tensor2d([
    [1, 0],
    [0, 1],
  ]);

  it("has a gradient that agrees with differences, for the scan's own class alone", () => {
    const x = tf.abs(random(20, [2, 2, 4, 4, 2])) as Tensor5D;
    const capsules = random(21, [2, 2, 3]);
    const variables = new Variables("none", 3);
    const loss = (input: Tensor) =>
      reconstructionLoss(decode(variables, decoder, input as Tensor3D, masks), x).mul(2000) as Scalar;
    tf.tidy(() => void loss(capsules)); // creates the variables
    checkGradient(loss, [capsules]);
    const [first, second] = tf.grad(loss)(capsules).unstack() as [Tensor, Tensor];
    const ofOthers = [...first.slice([1, 0]).dataSync(), ...second.slice([0, 0], [1, 3]).dataSync()];
    for (const slope of ofOthers) expect(Math.abs(slope)).to.equal(0);
    const { grads } = tf.variableGrads(() => loss(capsules), [...variables.all.values()]);
    for (const [name, variable] of variables.all) {
      const slope = grads[variable.name]!.dataSync()[1]!;
      const values = variable.dataSync();
      const at = (move: number) => {
        variable.assign(
          tf.tensor(
            Float32Array.from(values, (value, i) => (i === 1 ? value + move : value)),
            variable.shape,
          ),
        );
        return loss(capsules).dataSync()[0]!;
      };
      const numeric = (at(1e-2) - at(-1e-2)) / 2e-2;
      at(0);
      expect(slope, name).to.be.closeTo(numeric, 0.01 + 0.02 * Math.abs(numeric));
    }
  });

  it("is drawn after the mean of each area over slices and channels, for any side lengths", () => {
    const one = tf.tensor5d([0, 1, 2, 3, 4, 5], [1, 1, 2, 3, 1]);
    const two = tf.concat([one, one.add(6)], 4) as Tensor5D; // a mean 3 higher
    // Two thirds of a row of three: (2 * first + middle) / 3.
    expectClose(thumbnail(one, 2).dataSync(), [1 / 3, 5 / 3, 10 / 3, 14 / 3]);
    expectClose(thumbnail(two, 2).dataSync(), [10 / 3, 14 / 3, 19 / 3, 23 / 3]);
    expectClose(thumbnail(one, 1).dataSync(), [2.5]);
    expect(thumbnail(tf.ones([2, 3, 5, 7, 1]) as Tensor5D, 4).shape).to.deep.equal([2, 16]);
  });

  it("costs 0.0005 times the squared differences of a scan", () => {
    const x = tf.ones([2, 1, 2, 2, 1]) as Tensor5D;
    const decoded = tf.tensor2d([
      [1, 1, 1, 0],
      [1, 1, 0.5, 0.5],
    ]);
    expect(reconstructionLoss(decoded, x).dataSync()[0]).to.be.closeTo(0.0005 * 0.75, 1e-9);
  });
});

function expectClose(found: ArrayLike<number>, expected: number[]): void {
  expect(found.length).to.equal(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).to.be.closeTo(value, 1e-6);
}

describe("capsules by hand", () => {
  it("squashes a vector of length 5 to 25/26, in the paper's variant to 25/25.5", () => {
    for (const [variant, length] of [
      ["sabour", 25 / 26],
      ["paper", 25 / 25.5],
    ] as const) {
      const [x, y] = squash(tf.tensor1d([3, 4]), variant).dataSync() as unknown as [number, number];
      expect(x).to.be.closeTo(0.6 * length, 1e-5);
      expect(y).to.be.closeTo(0.8 * length, 1e-5);
    }
  });

  it("takes the margin loss of Sabour 2017, eq. 4", () => {
    // Present 0.5: 0.4^2; absent 0.3: half of 0.2^2. Second scan within both margins.
    const lengths = tf.tensor2d([
      [0.5, 0.3],
      [0.05, 0.95],
    ]);
    const targets = tf.tensor2d([
      [1, 0],
      [0, 1],
    ]);
    expect(marginLoss(lengths, targets).dataSync()[0]).to.be.closeTo((0.16 + 0.02) / 2, 1e-6);
    expect(marginLoss(lengths, targets, tf.tensor1d([3, 1])).dataSync()[0]).to.be.closeTo(0.27, 1e-6);
  });
});

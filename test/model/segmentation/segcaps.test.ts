import type { Scalar, Tensor, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import { Variables } from "../../../model/network/layers.ts";
import { squash } from "../../../model/network/squash.ts";
import { convolutionalCapsules, routeLocally } from "../../../model/segmentation/convolutional-capsules.ts";
import { diceLoss, diceOf, meanOfPatients } from "../../../model/segmentation/dice.ts";
import { maskedChannels, maskedSet } from "../../../model/segmentation/masked-channels.ts";
import { createSegCaps, openSegCaps } from "../../../model/segmentation/segcaps.ts";
import { segmentScan } from "../../../model/segmentation/segment-scan.ts";
import type { SegmentationSet } from "../../../model/segmentation/segmentation-set.ts";
import { trainSegCaps } from "../../../model/segmentation/train-segcaps.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { encodeSafetensors } from "../../../protocol/format/safetensors.ts";

const { slices, side } = { slices: 3, side: 16 };

/** Dark squares (lung) on bright ground; in every second scan a grey square within (lesion). */
function squares(count: number): SegmentationSet {
  const next = seededIntegers("squares");
  const made = Array.from({ length: count }, (_, index) => {
    const pixels = Uint8Array.from({ length: slices * side * side }, () => 180 + (next() % 40));
    const masks = { lung: new Uint8Array(pixels.length), lesion: new Uint8Array(pixels.length) };
    for (let s = 0; s < slices; s++) {
      const [top, left] = [2 + (next() % 3), 2 + (next() % 3)];
      for (let p = 0; p < 100; p++) {
        const voxel = (s * side + top + Math.floor(p / 10)) * side + left + (p % 10);
        const ill = index % 2 === 1 && p % 10 > 3 && p >= 40;
        masks.lung[voxel] = 1;
        masks.lesion[voxel] = ill ? 1 : 0;
        pixels[voxel] = (ill ? 100 : 10) + (next() % 30);
      }
    }
    return { patient: `p${index}`, label: (index % 2) as 0 | 1, slices, pixels, masks };
  });
  const at = (index: number) => made[index] as (typeof made)[number];
  return { scans: made, height: side, width: side, channels: 1, read: (i) => at(i).pixels, masks: (i) => at(i).masks };
}

function random(seed: number, shape: number[]): Tensor {
  const next = seededIntegers("segcaps-test", seed);
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => next() / 2 ** 31 - 1),
    shape,
  );
}

describe("convolutional capsules", () => {
  it("divide each child equally in the first iteration, and then towards the type that it agrees with", () => {
    tf.tidy(() => {
      // Two children at one place: of type 0 they vote alike, of type 1 against each other.
      const votes = tf.tensor([2, 0, 2, 0, 2, 0, -2, 0], [1, 2, 1, 2, 2]);
      const lengths = (iterations: number) =>
        tf.norm(routeLocally(votes, tf.zeros([2, 2]), iterations), "euclidean", -1).dataSync() as Float32Array;
      // 0.5 * 2 + 0.5 * 2 = 2, squashed: 4 / 5; 0.5 * 2 - 0.5 * 2 = 0.
      expect(lengths(1)[0]).to.be.closeTo(0.8, 1e-5);
      expect(lengths(1)[1]).to.be.closeTo(0, 1e-5);
      // b = (1.6, 0): c = 1 / (1 + exp(-1.6)) of each child's vote.
      const s = 4 / (1 + Math.exp(-1.6));
      expect(lengths(2)[0]).to.be.closeTo((s * s) / (1 + s * s), 1e-5);
    });
  });

  it("are a convolution and a squash where there is one type and one iteration", () => {
    const variables = new Variables("none", 1);
    tf.tidy(() => {
      const u = random(1, [2, 6, 6, 1, 4]);
      const options = { types: 1, dimension: 3, kernel: 3, iterations: 1 };
      const found = convolutionalCapsules(variables, "a", { u, height: 6, width: 6, types: 1, dimension: 4 }, options);
      const kernel = variables.all.get("a/kernel") as unknown as Tensor4D;
      const expected = squash(tf.conv2d(u.reshape([2, 6, 6, 4]) as Tensor4D, kernel, 1, "same").add(0.1), "sabour");
      const difference = found.u.reshape(expected.shape).sub(expected).abs().max().dataSync()[0];
      expect(difference).to.be.below(1e-5);
    });
    for (const variable of variables.all.values()) variable.dispose();
  });

  it("hear no child outside of their kernel's window", () => {
    const variables = new Variables("none", 2);
    tf.tidy(() => {
      const run = (u: Tensor) => {
        const from = { u, height: 8, width: 8, types: 2, dimension: 3 };
        return convolutionalCapsules(variables, "a", from, { types: 2, dimension: 4, kernel: 3, iterations: 3 }).u;
      };
      const u = random(2, [1, 8, 8, 2, 3]);
      const moved = tf.tensor(u.dataSync().map((value, at) => (at < 6 ? value + 1 : value)) as Float32Array, u.shape);
      const change = run(moved).sub(run(u)).abs().sum([3, 4]).reshape([8, 8]).arraySync() as number[][];
      for (const [row, values] of change.entries()) {
        for (const [column, value] of values.entries()) {
          if (row <= 1 && column <= 1) expect(value, `${row}, ${column}`).to.be.above(1e-4);
          else expect(value, `${row}, ${column}`).to.equal(0);
        }
      }
    });
    for (const variable of variables.all.values()) variable.dispose();
  });

  it("have gradients that agree with differences through three iterations of routing", () => {
    tf.tidy(() => {
      const votes = random(3, [1, 2, 2, 2, 3]);
      const probe = random(4, [1, 2, 2, 3]);
      const f = (uHat: Tensor) =>
        routeLocally(uHat, tf.zeros([2, 3]), 3)
          .mul(probe)
          .sum() as Scalar;
      const gradient = tf.grad(f)(votes).dataSync();
      const values = votes.dataSync();
      for (let i = 0; i < values.length; i++) {
        const at = (move: number) =>
          f(
            tf.tensor(values.map((value, j) => (i === j ? value + move : value)) as Float32Array, votes.shape),
          ).dataSync()[0]!;
        expect(gradient[i], `vote ${i}`).to.be.closeTo((at(0.01) - at(-0.01)) / 0.02, 5e-3);
      }
    });
  });
});

describe("Dice", () => {
  it("is twice what is shared over what both have, and undefined where there is nothing to find", () => {
    expect(diceOf(Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 1, 1, 1))).to.equal(0.4);
    expect(diceOf(Uint8Array.of(1, 1), Uint8Array.of(0, 0))).to.equal(0);
    expect(diceOf(new Uint8Array(4), new Uint8Array(4))).to.equal(undefined);
  });

  it("as a loss is the mean over the classes", () => {
    tf.tidy(() => {
      // Four pixels: background, healthy, lesion, lesion; the last is taken for healthy lung.
      const rows = (classes: number[]) => tf.oneHot(tf.tensor1d(classes, "int32"), 3).toFloat().reshape([1, 2, 2, 3]);
      const loss = diceLoss(rows([0, 1, 2, 1]) as Tensor4D, rows([0, 1, 2, 2]) as Tensor4D).dataSync()[0];
      // Background 3 / 3, healthy (2 + 1) / (3 + 1), lesion (2 + 1) / (3 + 1).
      expect(loss).to.be.closeTo((0 + 0.25 + 0.25) / 3, 1e-6);
    });
  });

  it("is reported as a mean over patients with an interval that holds it", () => {
    const { value, low, high } = meanOfPatients([0.8, 0.9, 0.7, 0.95, 0.85]);
    expect(value).to.be.closeTo(0.84, 1e-12);
    // Deviation 0.0962 of five: 2.776 * 0.0962 / sqrt 5 to either side.
    expect([low, high].map((each) => Number(each.toFixed(3)))).to.deep.equal([0.721, 0.959]);
    expect(meanOfPatients([0.97, 1, 1]).high).to.equal(1);
    expect(meanOfPatients([]).value).to.be.NaN;
  });
});

describe("the capsule segmentation", () => {
  it("learns lung and lesion of simple pictures, the same from the same seed, and leaves no tensor behind", async () => {
    const data = squares(6);
    const before = tf.memory().numTensors;
    const learn = async (steps: number) => {
      const model = createSegCaps({ side, seed: 3 });
      const options = { steps, batchSize: 4, learningRate: 0.02, seed: 5 };
      for await (const _ of trainSegCaps(model, data, options));
      const bytes = model.getWeights();
      const again = openSegCaps(bytes);
      const masks = [0, 1].map((index) => segmentScan(again, data, index));
      model.dispose();
      again.dispose();
      return { bytes, masks };
    };
    const { masks } = await learn(100);
    const exact = [0, 1].map((index) => data.masks(index));
    for (const index of [0, 1]) {
      const lung = diceOf(masks[index]?.lung as Uint8Array, exact[index]?.lung as Uint8Array);
      expect(lung, `lung of scan ${index}`).to.be.above(0.85);
    }
    expect(diceOf(masks[1]?.lesion as Uint8Array, exact[1]?.lesion as Uint8Array)).to.be.above(0.7);
    expect((await learn(2)).bytes).to.deep.equal((await learn(2)).bytes);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it("gives masks at the scan's own size, with lesions inside the lung", () => {
    const model = createSegCaps({ side: 16 });
    const large = { scans: [{ patient: "p", label: 1 as const, slices: 2 }], height: 24, width: 20, channels: 2 };
    const data = { ...large, read: () => Uint8Array.from({ length: 2 * 24 * 20 * 2 }, (_, at) => (at * 37) % 256) };
    const { lung, lesion } = segmentScan(model, data, 0);
    expect(lung).to.have.length(2 * 24 * 20);
    expect(lesion.every((ill, voxel) => ill <= lung[voxel]!)).to.equal(true);
    model.dispose();
  });

  it("refuses sides that its grids cannot halve twice, scans of another size, and weights of something else", async () => {
    expect(() => createSegCaps({ side: 18 }))
      .to.throw()
      .with.property("code", "SEGMENT_SIDE");
    expect(() => openSegCaps(encodeSafetensors([])))
      .to.throw()
      .with.property("code", "SEGMENT_WEIGHTS");
    expect(() => openSegCaps(encodeSafetensors([], { side: "16" })))
      .to.throw()
      .with.property("code", "TENSOR_MISSING");
    const model = createSegCaps({ side: 16 });
    const other = { ...squares(2), height: 18 };
    const options = { steps: 1, batchSize: 1, learningRate: 0.01, seed: 1 };
    const error = await trainSegCaps(model, other, options)
      .next()
      .catch((caught: unknown) => caught);
    expect(error).to.include({ code: "DATA_SHAPE_MISMATCH" });
    model.dispose();
  });
});

describe("a mask for the classifier", () => {
  const pixels = Uint8Array.of(10, 11, 20, 21, 30, 31); // three voxels of two channels
  const masks = { lung: Uint8Array.of(0, 1, 1), lesion: Uint8Array.of(0, 0, 1) };

  it("is one more channel", () => {
    expect([...maskedChannels(pixels, 2, masks, "channel")]).to.deep.equal([10, 11, 0, 20, 21, 128, 30, 31, 255]);
  });

  it("or blackens what is not lung", () => {
    expect([...maskedChannels(pixels, 2, masks, "input")]).to.deep.equal([0, 0, 20, 21, 30, 31]);
  });

  it("is found once a scan", () => {
    let asked = 0;
    const scans = [{ patient: "p", label: 0 as const, slices: 1 }];
    const set = maskedSet(
      { scans, height: 1, width: 3, channels: 2, read: () => pixels },
      () => {
        asked++;
        return masks;
      },
      "channel",
    );
    expect(set.channels).to.equal(3);
    expect(set.read(0)).to.deep.equal(set.read(0));
    expect(asked).to.equal(1);
  });
});

// Extractors turn a slice into a feature vector: the paper's Inception V3, and two small networks of the same kind.
import type { Tensor2D, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import { gatherRows, mapMaximum, maxPool } from "../tensorflow/fused-kernels.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import type { Unit } from "./layers.ts";
import type { Decoder } from "./reconstruction.ts";

/** x [slices, h, w, c] -> the last map [slices, h', w', d]. */
export type Extractor = (x: Tensor4D, unit: Unit) => Tensor4D;

export interface Preset {
  readonly extract: Extractor;
  /** How the map becomes features of the slice: the maximum over it, since lesions are small, or the mean as in Inception V3. */
  readonly pool: "maximum" | "mean";
  /** Capsules of the middle layer: how many, of which dimension. */
  readonly capsules: { readonly count: number; readonly dimension: number };
  /** Decoder for plans with reconstruction: Sabour's 512, 1024 and 28 x 28 for iv3, scaled down for the others. */
  readonly decoder: Decoder;
}

const join = (branches: Tensor4D[]) => tf.concat(branches, 3);
const halve = (x: Tensor4D) => maxPool(x, 3, 2, "valid");
const averaged = (x: Tensor4D) => tf.avgPool(x, 3, 1, "same");

const tissueBins = 8;

/**
 * x [n, h, w, c] in [0, 1] to membership in 8 overlapping ranges of grey a channel, [n, h, w, c * 8], which sum to 1.
 * Grey values are Hounsfield units, whose ranges are tissues. With these channels a small network learns from tens of
 * patients; without them it does not (docs/model.md).
 */
export function tissueRanges(x: Tensor4D): Tensor4D {
  const [n, h, w, c] = x.shape;
  const grey = x.mul(255).round().cast("int32").clipByValue(0, 255).cast("int32");
  const ranges = tf.tensor2d(rangesOfGrey, [256, tissueBins]);
  return gatherRows(ranges, grey).reshape([n, h, w, c * tissueBins]);
}

/** Of each of 256 greys: 1 at a range's centre, falling to 0 at its neighbours'; [256, 8]. */
const rangesOfGrey = Float32Array.from({ length: 256 * tissueBins }, (_, at) => {
  const grey = Math.floor(at / tissueBins) / 255;
  return Math.max(0, 1 - Math.abs(grey * (tissueBins - 1) - (at % tissueBins)));
});

/** Filters of a small inception block: of its branches, and of the layers that narrow what two of them see. */
interface BlockWidths {
  readonly one: number;
  readonly three: readonly [reduced: number, out: number];
  readonly five: readonly [reduced: number, out: number];
  readonly pool: number;
}

/** y [n, h, w, c] to its branches, each [n, h, w, filters]; two 3 x 3 layers stand for the 5 x 5 one (Szegedy 2016). */
function smallBlock(name: string, y: Tensor4D, { one, three, five, pool }: BlockWidths, unit: Unit): Tensor4D[] {
  const point = (branch: string, x: Tensor4D, filters: number) => unit(`${name}/${branch}`, x, filters, [1, 1]);
  const place = (branch: string, x: Tensor4D, filters: number) => unit(`${name}/${branch}`, x, filters, [3, 3]);
  return [
    point("1x1", y, one),
    place("3x3", point("3x3reduce", y, three[0]), three[1]),
    place("5x5b", place("5x5a", point("5x5reduce", y, five[0]), five[1]), five[1]),
    point("pool", averaged(y), pool),
  ];
}

/** 64 x 64 slices to 56 features by one inception block. */
const compact: Extractor = (x, unit) => {
  const y = unit("stem/a", tissueRanges(x), 12, [3, 3], { strides: 2 });
  const stem = maxPool(unit("stem/b", y, 24, [3, 3]), 2, 2, "same");
  return join(smallBlock("mixed0", stem, { one: 16, three: [16, 16], five: [8, 16], pool: 8 }, unit));
};

/**
 * 128 x 128 slices to 232 features: the layers of compact at twice its resolution, and a wider block that sees more of the
 * slice around each place. The features of both blocks join (as in DenseNet, Huang 2017), since two blocks in a row learned
 * much less from tens of patients (docs/model.md).
 */
const standard: Extractor = (x, unit) => {
  const y = maxPool(compact(x, unit), 2, 2, "same");
  return join([y, ...smallBlock("mixed1", y, { one: 48, three: [32, 64], five: [16, 32], pool: 32 }, unit)]);
};

/** Inception V3 (Szegedy 2016), layer by layer as in Keras's applications; 2048 features. */
const inceptionV3: Extractor = (x, unit) => {
  let y = unit("stem/a", x, 32, [3, 3], { strides: 2, padding: "valid" });
  y = unit("stem/b", y, 32, [3, 3], { padding: "valid" });
  y = halve(unit("stem/c", y, 64, [3, 3]));
  y = unit("stem/d", y, 80, [1, 1], { padding: "valid" });
  y = halve(unit("stem/e", y, 192, [3, 3], { padding: "valid" }));
  for (const [index, pooled] of [32, 64, 64].entries()) {
    const at = (branch: string) => `mixed${index}/${branch}`;
    const double = unit(at("3x3a"), unit(at("3x3reduce"), y, 64, [1, 1]), 96, [3, 3]);
    y = join([
      unit(at("1x1"), y, 64, [1, 1]),
      unit(at("5x5"), unit(at("5x5reduce"), y, 48, [1, 1]), 64, [5, 5]),
      unit(at("3x3b"), double, 96, [3, 3]),
      unit(at("pool"), averaged(y), pooled, [1, 1]),
    ]);
  }
  const before = unit("mixed3/doublea", unit("mixed3/doublereduce", y, 64, [1, 1]), 96, [3, 3]);
  y = join([
    unit("mixed3/3x3", y, 384, [3, 3], { strides: 2, padding: "valid" }),
    unit("mixed3/doubleb", before, 96, [3, 3], { strides: 2, padding: "valid" }),
    halve(y),
  ]);
  for (const [offset, width] of [128, 160, 160, 192].entries()) {
    const at = (branch: string) => `mixed${offset + 4}/${branch}`;
    let seven = unit(at("7x7reduce"), y, width, [1, 1]);
    seven = unit(at("7x7b"), unit(at("7x7a"), seven, width, [1, 7]), 192, [7, 1]);
    let double = unit(at("doublereduce"), y, width, [1, 1]);
    double = unit(at("doubleb"), unit(at("doublea"), double, width, [7, 1]), width, [1, 7]);
    double = unit(at("doubled"), unit(at("doublec"), double, width, [7, 1]), 192, [1, 7]);
    y = join([unit(at("1x1"), y, 192, [1, 1]), seven, double, unit(at("pool"), averaged(y), 192, [1, 1])]);
  }
  let seven = unit("mixed8/7x7reduce", y, 192, [1, 1]);
  seven = unit("mixed8/7x7b", unit("mixed8/7x7a", seven, 192, [1, 7]), 192, [7, 1]);
  const three = unit("mixed8/3x3reduce", y, 192, [1, 1]);
  y = join([
    unit("mixed8/3x3", three, 320, [3, 3], { strides: 2, padding: "valid" }),
    unit("mixed8/7x7c", seven, 192, [3, 3], { strides: 2, padding: "valid" }),
    halve(y),
  ]);
  for (const at of [(branch: string) => `mixed9/${branch}`, (branch: string) => `mixed10/${branch}`]) {
    const split = unit(at("3x3reduce"), y, 384, [1, 1]);
    const double = unit(at("double"), unit(at("doublereduce"), y, 448, [1, 1]), 384, [3, 3]);
    y = join([
      unit(at("1x1"), y, 320, [1, 1]),
      unit(at("1x3"), split, 384, [1, 3]),
      unit(at("3x1"), split, 384, [3, 1]),
      unit(at("double1x3"), double, 384, [1, 3]),
      unit(at("double3x1"), double, 384, [3, 1]),
      unit(at("pool"), averaged(y), 192, [1, 1]),
    ]);
  }
  return y;
};

/** A map [slices, h', w', d] to features [slices, d]. */
export function pooledFeatures(map: Tensor4D, pool: Preset["pool"]): Tensor2D {
  return pool === "maximum" ? mapMaximum(map) : tf.mean(map, [1, 2]);
}

export const presets: Readonly<Record<ModelSpec["preset"], Preset>> = {
  compact: {
    ...{ extract: compact, pool: "maximum", capsules: { count: 8, dimension: 16 } },
    decoder: { widths: [64, 128], side: 16 },
  },
  standard: {
    ...{ extract: standard, pool: "maximum", capsules: { count: 8, dimension: 16 } },
    decoder: { widths: [64, 128], side: 16 },
  },
  iv3: {
    ...{ extract: inceptionV3, pool: "mean", capsules: { count: 32, dimension: 32 } },
    decoder: { widths: [512, 1024], side: 28 },
  },
};

// SegCaps (LaLonde and Bagci 2018) at a size for two cores: a U of convolutional capsules over one slice, whose last
// capsules are background, healthy lung and lesion; the longest is the class of the pixel.
import type { Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../protocol/format/safetensors.ts";
import { Variables } from "../network/layers.ts";
import { capsuleLength } from "../network/squash.ts";
import { encodeWeights, loadWeights, type NamedVariables } from "../network/weights.ts";
import { addBias, relu } from "../tensorflow/fused-kernels.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { type CapsuleGrid, convolutionalCapsules, joinTypes } from "./convolutional-capsules.ts";

/** Classes in the last axis of `forward`. */
export const segmentClasses = ["background", "healthy lung", "lesion"] as const;

/** Grids are halved twice: sides of slices are multiples of this. */
const segmentStep = 4;

export interface SegCaps {
  /** Rows and columns of the slices. */
  readonly side: number;
  readonly variables: NamedVariables;
  readonly parameterCount: number;
  /** x [n, h, w, 1] in [0, 1], the lung window -> shares of the classes [n, h, w, 3], summing to 1. Call within tf.tidy. */
  forward(x: Tensor4D): Tensor4D;
  /** Safetensors, with the side among its metadata. */
  getWeights(): Uint8Array;
  dispose(): void;
}

const features = 8;
/** Lengths lie in [0, 1), so their plain ratios cannot come near 1; a softmax of scaled lengths can. */
const sharpness = 10;

/**
 * @param seed of the initial weights
 * @throws SEGMENT_SIDE
 */
export function createSegCaps({ side, seed = 0 }: { side: number; seed?: number }): SegCaps {
  if (!(Number.isInteger(side / segmentStep) && side >= 16 && side <= 512)) {
    const remedy = `take a side of 16 to 512 pixels that is a multiple of ${segmentStep}`;
    throw new FedError("SEGMENT_SIDE", { side }, { remedy });
  }
  const variables = new Variables("none", seed);
  const forward: SegCaps["forward"] = (x) => {
    const [n, height, width] = x.shape;
    const kernel = variables.weights("stem/kernel", [5, 5, 1, features], 25);
    const bias = variables.constant("stem/bias", features, 0);
    const y = relu(addBias(tf.conv2d(x, kernel as unknown as Tensor4D, 1, "same"), bias as never)); // [n, h, w, 8]
    const layer = (name: string, from: CapsuleGrid, options: Parameters<typeof convolutionalCapsules>[3]) =>
      convolutionalCapsules(variables, name, from, options);
    const whole = { u: y.reshape([n, height, width, 1, features]), height, width, types: 1, dimension: features };
    const half = layer("down1", whole, { types: 2, dimension: 8, kernel: 5, stride: 2, iterations: 1 });
    const quarter = layer("down2", half, { types: 4, dimension: 8, kernel: 5, stride: 2, iterations: 3 });
    const deep = layer("deep", quarter, { types: 4, dimension: 16, kernel: 5, iterations: 3 });
    let up = layer("up1", deep, { types: 4, dimension: 8, kernel: 4, stride: 0.5, iterations: 3 });
    up = layer("merge1", joinTypes(up, half), { types: 4, dimension: 8, kernel: 3, iterations: 3 });
    up = layer("up2", up, { types: 1, dimension: 8, kernel: 4, stride: 0.5, iterations: 1 }); // one type: nothing to route
    const last = { types: segmentClasses.length, dimension: 8, kernel: 1, iterations: 3 };
    const lengths = capsuleLength(layer("classes", joinTypes(up, whole), last).u); // [n, h, w, 3]
    return tf.softmax(lengths.mul(sharpness)).reshape([n, height, width, segmentClasses.length]) as Tensor4D;
  };
  // One pass over an empty slice names and creates every variable.
  tf.tidy(() => void forward(tf.zeros([1, segmentStep, segmentStep, 1])));
  return {
    side,
    variables: variables.all,
    parameterCount: [...variables.all.values()].reduce((sum, { size }) => sum + size, 0),
    forward,
    getWeights: () =>
      encodeSafetensors(decodeSafetensors(encodeWeights(variables.all)).tensors, { side: String(side) }),
    dispose() {
      for (const variable of variables.all.values()) variable.dispose();
      variables.all.clear();
    },
  };
}

/**
 * The segmentation that getWeights wrote.
 * @throws SEGMENT_WEIGHTS, SAFETENSORS_MALFORMED, TENSOR_MISSING,
 * TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH, SEGMENT_SIDE
 */
export function openSegCaps(bytes: Uint8Array): SegCaps {
  const { side } = decodeSafetensors(bytes).metadata;
  if (side === undefined)
    throw new FedError("SEGMENT_WEIGHTS", {}, { remedy: "give a file that consilium segment wrote" });
  const model = createSegCaps({ side: Number(side) });
  try {
    loadWeights(model.variables, bytes);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

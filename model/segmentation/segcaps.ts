// SegCaps (LaLonde and Bagci 2018) at a size for two cores: a U of convolutional capsules over one slice, whose last
// capsules stand for background, healthy lung and lesion; the longest says what a pixel is.
import type { Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { capsuleLength } from "../capsule/squash.ts";
import { addBias, relu } from "../fused-kernels.ts";
import { Variables } from "../layers.ts";
import { tf } from "../tensorflow.ts";
import { encodeWeights, loadWeights, type NamedVariables } from "../weights.ts";
import { type CapsuleGrid, convolutionalCapsules, joinTypes } from "./convolutional-capsules.ts";

/** Of the last axis of `forward`. */
export const segmentClasses = ["background", "healthy lung", "lesion"] as const;

/** Sides of slices are multiples of this. */
export const segmentStep = 4;

export interface SegCaps {
  readonly variables: NamedVariables;
  readonly parameterCount: number;
  /** x [n, h, w, 1] in [0, 1], the lung window -> shares of the classes [n, h, w, 3], summing to 1. Call within tf.tidy. */
  forward(x: Tensor4D): Tensor4D;
  /** Safetensors. */
  getWeights(): Uint8Array;
  /** @throws FedError SAFETENSORS_MALFORMED, TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH */
  setWeights(bytes: Uint8Array): void;
  dispose(): void;
}

const features = 8;

/** @param seed of the initial weights */
export function createSegCaps(seed = 0): SegCaps {
  const variables = new Variables("none", seed);
  const forward: SegCaps["forward"] = (x) => {
    const [n, height, width] = x.shape;
    const kernel = variables.weights("stem/kernel", [5, 5, 1, features], 25);
    const bias = variables.constant("stem/bias", features, 0);
    const y = relu(addBias(tf.conv2d(x, kernel as unknown as Tensor4D, 1, "same"), bias as never)); // [n, h, w, 8]
    const layer = (name: string, from: CapsuleGrid, options: Parameters<typeof convolutionalCapsules>[3]) =>
      convolutionalCapsules(variables, name, from, options);
    const whole = { u: y.expandDims(3), height, width, types: 1, dimension: features };
    const half = layer("down1", whole, { types: 2, dimension: 8, kernel: 5, stride: 2, iterations: 1 });
    const quarter = layer("down2", half, { types: 4, dimension: 8, kernel: 5, stride: 2, iterations: 3 });
    const deep = layer("deep", quarter, { types: 4, dimension: 16, kernel: 5, iterations: 3 });
    let up = layer("up1", deep, { types: 4, dimension: 8, kernel: 4, stride: 0.5, iterations: 3 });
    up = layer("merge1", joinTypes(up, half), { types: 4, dimension: 8, kernel: 3, iterations: 3 });
    up = layer("up2", up, { types: 2, dimension: 8, kernel: 4, stride: 0.5, iterations: 3 });
    const last = { types: segmentClasses.length, dimension: 8, kernel: 1, iterations: 3 };
    const lengths = capsuleLength(layer("classes", joinTypes(up, whole), last).u); // [n, h, w, 3]
    return lengths.div(lengths.sum(-1, true)).reshape([n, height, width, segmentClasses.length]) as Tensor4D;
  };
  // One pass over an empty slice names and creates every variable.
  tf.tidy(() => void forward(tf.zeros([1, segmentStep, segmentStep, 1])));
  return {
    variables: variables.all,
    parameterCount: [...variables.all.values()].reduce((sum, { size }) => sum + size, 0),
    forward,
    getWeights: () => encodeWeights(variables.all),
    setWeights: (bytes) => loadWeights(variables.all, bytes),
    dispose() {
      for (const variable of variables.all.values()) variable.dispose();
      variables.all.clear();
    },
  };
}

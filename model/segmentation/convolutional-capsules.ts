// Capsules on a grid of pixels (SegCaps, LaLonde and Bagci 2018): each capsule takes input from children within its
// kernel's window only. One transformation is shared by all places and, at a place of the window, by all types of children.
import type { Tensor, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import type { Variables } from "../network/layers.ts";
import { squash } from "../network/squash.ts";
import { tf } from "../tensorflow/tensorflow.ts";

/** Capsules u on a grid: [n, height, width, types, dimension]. */
export interface CapsuleGrid {
  readonly u: Tensor;
  readonly height: number;
  readonly width: number;
  readonly types: number;
  readonly dimension: number;
}

export interface CapsuleLayerOptions {
  readonly types: number;
  readonly dimension: number;
  readonly kernel: number;
  /** 2 halves the grid, 0.5 doubles it by a transposed convolution. */
  readonly stride?: 0.5 | 1 | 2;
  readonly iterations: number;
}

/** Locally-constrained dynamic routing from one grid of capsules to the next. */
export function convolutionalCapsules(
  variables: Variables,
  name: string,
  from: CapsuleGrid,
  { types, dimension, kernel, stride = 1, iterations }: CapsuleLayerOptions,
): CapsuleGrid {
  const { u, types: children, dimension: d } = from;
  const n = u.shape[0]!;
  const height = Math.ceil(from.height / stride);
  const width = Math.ceil(from.width / stride);
  const filters = types * dimension;
  // Squashing shrinks short vectors quadratically, so the first votes are large enough for capsules of about half length.
  const fanIn = (kernel * kernel * d * children) / (2 * types * types);
  const x = u.transpose([0, 3, 1, 2, 4]).reshape([n * children, from.height, from.width, d]) as Tensor4D;
  let votes: Tensor;
  if (stride === 0.5) {
    const weights = variables.weights(`${name}/kernel`, [kernel, kernel, filters, d], fanIn / 4);
    votes = tf.conv2dTranspose(x, weights as unknown as Tensor4D, [n * children, height, width, filters], 2, "same");
  } else {
    const weights = variables.weights(`${name}/kernel`, [kernel, kernel, d, filters], fanIn);
    votes = tf.conv2d(x, weights as unknown as Tensor4D, stride, "same");
  }
  const bias = variables.constant(`${name}/bias`, filters, 0.1).reshape([types, dimension]);
  const uHat = votes.reshape([n, children, height * width, types, dimension]); // places in one axis
  const v = routeLocally(uHat, bias, iterations); // [n, places, types, dimension]
  return { u: v.reshape([n, height, width, types, dimension]), height, width, types, dimension };
}

/**
 * Routing by agreement at each place on its own (LaLonde 2018, algorithm 1): children divide themselves among the types.
 * @param uHat votes [n, children, places, types, dimension]
 * @param bias [types, dimension]
 */
export function routeLocally(uHat: Tensor, bias: Tensor, iterations: number): Tensor {
  const [n, children, places, types, dimension] = uHat.shape as [number, number, number, number, number];
  let b: Tensor | undefined; // [n, children, places, types]
  for (let iteration = 1; ; iteration++) {
    const weighted =
      b === undefined ? uHat.div(types) : uHat.mul(tf.softmax(b).reshape([n, children, places, types, 1]));
    const v = squash(weighted.sum(1).add(bias), "sabour"); // [n, places, types, dimension]
    if (iteration === iterations) return v;
    const agreement = uHat.mul(v.reshape([n, 1, places, types, dimension])).sum(-1);
    b = b === undefined ? agreement : b.add(agreement);
  }
}

/** Skip connection: concatenates the types of two grids of the same size and capsule dimension. */
export function joinTypes(a: CapsuleGrid, b: CapsuleGrid): CapsuleGrid {
  return { ...a, u: tf.concat([a.u, b.u], 3), types: a.types + b.types };
}

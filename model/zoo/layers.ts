// Layers of the comparison networks: tfjs-layers with Keras's names and parameter counts. All weights start as zeros,
// which take no memory until they are used (initial-weights.ts sets them).
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { type TensorFlow, tf } from "../tensorflow/tensorflow.ts";
import { FusedBatchNorm } from "./batch-norm.ts";

type Layer = InstanceType<TensorFlow["layers"]["Layer"]>;

const zeros = { kernelInitializer: "zeros" } as const;
const depthwiseZeros = { depthwiseInitializer: "zeros" } as const;

export function through(layer: Layer, x: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor;
}

export interface ConvolutionOptions {
  readonly strides?: number;
  readonly padding?: "same" | "valid";
  readonly bias?: boolean;
  readonly activation?: "relu";
}

/** x [h, w, c] -> [h', w', filters]. */
export function convolution(
  name: string,
  x: SymbolicTensor,
  filters: number,
  kernelSize: number | [number, number],
  { strides = 1, padding = "same", bias = false, activation }: ConvolutionOptions = {},
): SymbolicTensor {
  const shape = { filters, kernelSize, strides, padding, useBias: bias };
  return through(tf.layers.conv2d({ name, ...shape, ...zeros, ...(activation ? { activation } : {}) }), x);
}

/** One 3x3 filter a channel. */
export function depthwise(name: string, x: SymbolicTensor, strides: number, padding: "same" | "valid"): SymbolicTensor {
  return through(
    tf.layers.depthwiseConv2d({ name, kernelSize: 3, strides, padding, useBias: false, ...depthwiseZeros }),
    x,
  );
}

/** One 3x3 filter a channel, then 1x1 over the channels. */
export function separable(name: string, x: SymbolicTensor, filters: number): SymbolicTensor {
  const shape = { filters, kernelSize: 3, padding: "same", useBias: false } as const;
  return through(tf.layers.separableConv2d({ name, ...shape, ...depthwiseZeros, pointwiseInitializer: "zeros" }), x);
}

export function batchNorm(
  name: string,
  x: SymbolicTensor,
  { epsilon = 1e-3, scale = true }: { epsilon?: number; scale?: boolean } = {},
): SymbolicTensor {
  return through(new FusedBatchNorm({ name, epsilon, scale }), x);
}

/** @param maxValue upper limit: 6 in the MobileNets */
export function relu(x: SymbolicTensor, maxValue?: number): SymbolicTensor {
  return through(tf.layers.reLU(maxValue === undefined ? {} : { maxValue }), x);
}

/** Rows above and below, columns left and right. */
export type Margins = readonly [[number, number], [number, number]];

export function padded(x: SymbolicTensor, padding: number | Margins): SymbolicTensor {
  return through(tf.layers.zeroPadding2d({ padding: padding as number }), x);
}

export function maxPool(x: SymbolicTensor, poolSize: number, strides: number, padding: "same" | "valid" = "valid") {
  return through(tf.layers.maxPooling2d({ poolSize, strides, padding }), x);
}

export function averagePool(x: SymbolicTensor, poolSize: number, strides: number, padding: "same" | "valid" = "valid") {
  return through(tf.layers.averagePooling2d({ poolSize, strides, padding }), x);
}

export function added(a: SymbolicTensor, b: SymbolicTensor): SymbolicTensor {
  return through(tf.layers.add(), [a, b]);
}

export function joined(branches: SymbolicTensor[]): SymbolicTensor {
  return through(tf.layers.concatenate({ axis: -1 }), branches);
}

export function flat(x: SymbolicTensor): SymbolicTensor {
  return through(tf.layers.flatten(), x);
}

export function dense(name: string, x: SymbolicTensor, units: number, activation?: "relu"): SymbolicTensor {
  return through(tf.layers.dense({ name, units, ...zeros, ...(activation ? { activation } : {}) }), x);
}

/** x [slices, d] -> the state after the last slice [units]. */
export function lstm(name: string, x: SymbolicTensor, units: number): SymbolicTensor {
  return through(
    tf.layers.lstm({ name, units, ...zeros, recurrentInitializer: "zeros", recurrentActivation: "sigmoid" }),
    x,
  );
}

/** x [slices, h, w, c] -> [slices', h', w', filters]. */
export function convolution3d(
  name: string,
  x: SymbolicTensor,
  filters: number,
  kernelSize: number,
  padding: "same" | "valid",
): SymbolicTensor {
  return through(tf.layers.conv3d({ name, filters, kernelSize, padding, activation: "relu", ...zeros }), x);
}

export function maxPool3d(x: SymbolicTensor, poolSize: [number, number, number], padding: "same" | "valid" = "valid") {
  return through(tf.layers.maxPooling3d({ poolSize, strides: poolSize, padding }), x);
}

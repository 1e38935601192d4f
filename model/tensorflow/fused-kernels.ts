// TensorFlow's fused kernels with gradients that are one kernel each: tfjs composes them of many small ones.
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import { type Attribute, attribute, run, runAll } from "./kernels.ts";
import { tf } from "./tensorflow.ts";

const float = attribute.float32;

/** max(x, 0) of any shape; gradient by ReluGrad. */
export const relu = tf.customGrad((...inputs) => {
  const [x, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
  const y = tf.relu(x);
  save([y]);
  const gradFunc = (dy: Tensor, saved: Tensor[]) => run("ReluGrad", [float("T")], [dy, saved[0]!]);
  return { value: y, gradFunc };
}) as <T extends Tensor>(x: T) => T;

/** x [..., channels] + bias [channels]; gradient by BiasAddGrad. */
export const addBias = tf.customGrad((...inputs) => {
  const [x, bias] = inputs as unknown as [Tensor, Tensor1D];
  const value = run("BiasAdd", [float("T")], [x, bias]);
  const gradFunc = (dy: Tensor) => [dy.clone(), run("BiasAddGrad", [float("T")], [dy])];
  return { value, gradFunc };
}) as (x: Tensor, bias: Tensor1D) => Tensor4D;

const epsilon = 1e-3; // Keras's, as the paper's Inception V3 has it

function batchNormAttributes(isTraining: boolean): Attribute[] {
  return [
    float("T"),
    float("U"),
    attribute.number("epsilon", epsilon),
    attribute.flag("is_training", isTraining),
    attribute.text("data_format", "NHWC"),
  ];
}

/**
 * Batch norm of x [n, h, w, c] by the batch's own moments (Ioffe and Szegedy 2015), gradient by FusedBatchNormGradV3.
 * @returns y, and the batch's mean and unbiased variance, which carry no gradient; the caller disposes them
 */
export function batchNorm(
  x: Tensor4D,
  gamma: Tensor1D,
  beta: Tensor1D,
): { y: Tensor4D; mean: Tensor1D; variance: Tensor1D } {
  let moments: Tensor[] = [];
  const apply = tf.customGrad((...inputs) => {
    const [input, scale, offset, save] = inputs as unknown as [Tensor, Tensor, Tensor, (tensors: Tensor[]) => void];
    const none = tf.tensor1d([]);
    const outputs = runAll("FusedBatchNormV3", batchNormAttributes(true), [input, scale, offset, none, none], 6);
    const [y, mean, variance, reserved1, reserved2, reserved3] = outputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    moments = [tf.keep(mean), tf.keep(variance)];
    save([input, scale, reserved1, reserved2, reserved3]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [kept, keptScale, ...reserved] = saved as [Tensor, Tensor, ...Tensor[]];
      return runAll("FusedBatchNormGradV3", batchNormAttributes(true), [dy, kept, keptScale, ...reserved], 5).slice(
        0,
        3,
      );
    };
    return { value: y, gradFunc };
  });
  const y = apply(x, gamma, beta) as Tensor4D;
  const [mean, variance] = moments as [Tensor1D, Tensor1D];
  if (mean === undefined || variance === undefined) throw new FedError("KERNEL_FAILED", { kernel: "FusedBatchNormV3" });
  return { y, mean, variance };
}

/** Batch norm of x [n, h, w, c] by moments kept from training. */
export function frozenBatchNorm(
  x: Tensor4D,
  gamma: Tensor1D,
  beta: Tensor1D,
  mean: Tensor1D,
  variance: Tensor1D,
): Tensor4D {
  return tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon);
}

/** oneDNN's kernels are in the same library under this label. */
const oneDnn = attribute.text("_kernel", "MklNameChangeOp");
let hasOneDnn: boolean | undefined;

/** Whether this machine's library has oneDNN's pooling; those for GPUs and ARM do not. */
function oneDnnWorks(): boolean {
  hasOneDnn ??= tf.tidy(() => {
    try {
      const attributes = [...poolAttributes(1, 1, "same"), oneDnn];
      return runAll("_MklNativeMaxPool", attributes, [tf.zeros([1, 1, 1, 1])], 2).length === 2;
    } catch {
      return false;
    }
  });
  return hasOneDnn;
}

function poolAttributes(size: number, stride: number, padding: "same" | "valid"): Attribute[] {
  return [
    float("T"),
    attribute.integers("ksize", [1, size, size, 1]),
    attribute.integers("strides", [1, stride, stride, 1]),
    attribute.text("padding", padding.toUpperCase()),
    attribute.text("data_format", "NHWC"),
  ];
}

/**
 * The largest of size x size pixels: x [n, h, w, c] to [n, h', w', c]. oneDNN keeps the positions of the maxima,
 * so its gradient takes a fifteenth of the time of TensorFlow's, which searches again.
 */
export function maxPool(x: Tensor4D, size: number, stride: number, padding: "same" | "valid"): Tensor4D {
  if (!oneDnnWorks()) return tf.maxPool(x, size, stride, padding);
  const attributes = [...poolAttributes(size, stride, padding), oneDnn];
  const apply = tf.customGrad((...inputs) => {
    const [input, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
    const [y, places] = runAll("_MklNativeMaxPool", attributes, [input], 2) as [Tensor, Tensor];
    save([input, y, places]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [kept, keptY, keptPlaces] = saved as [Tensor, Tensor, Tensor];
      return run("_MklNativeMaxPoolGrad", attributes, [kept, keptY, dy, keptPlaces]);
    };
    return { value: y, gradFunc };
  });
  return apply(x) as Tensor4D;
}

/**
 * The largest of each channel over the map: x [n, h, w, c] to [n, c]. Equal maxima share the gradient, as in Python's
 * TensorFlow; tfjs gives each of them the whole of it, so that a flat background would weigh as often as it has cells.
 */
export const mapMaximum = tf.customGrad((...inputs) => {
  const [x, save] = inputs as unknown as [Tensor4D, (tensors: Tensor[]) => void];
  const value = tf.max(x, [1, 2], true); // [n, 1, 1, c]
  save([x, value]);
  const gradFunc = (dy: Tensor, saved: Tensor[]) => {
    const [kept, largest] = saved as [Tensor, Tensor];
    const isLargest = kept.equal(largest).cast("float32");
    return isLargest.mul(dy.reshape(largest.shape).div(isLargest.sum([1, 2], true)));
  };
  return { value: value.reshape([x.shape[0], x.shape[3]]), gradFunc };
}) as (x: Tensor4D) => Tensor2D;

/** Rows of a table [rows, k] at whole numbers [...]: [..., k], without gradient. tfjs would first copy every index to JavaScript. */
export function gatherRows(table: Tensor2D, rows: Tensor): Tensor {
  const types = [attribute.float32("Tparams"), attribute.int32("Tindices"), attribute.int32("Taxis")];
  return tf.tidy(() => run("GatherV2", types, [table, rows, tf.scalar(0, "int32")]));
}

/** Half the sum of squares of all values, in one pass. */
export const halfSquaredNorm = (x: Tensor): Tensor => run("L2Loss", [float("T")], [x]);

/** A copy that a graph treats as another tensor; tfjs's clone is the same tensor to it. */
export const copy = (x: Tensor): Tensor => run("Identity", [float("T")], [x]);

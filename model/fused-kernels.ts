// TensorFlow's fused kernels with gradients of our own: tfjs composes these gradients from many small kernels.
import type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../protocol/errors.ts";
import { tf } from "./tensorflow.ts";

interface Attribute {
  readonly name: string;
  readonly type: number | undefined;
  readonly value: number | string | boolean;
}

/** The part of the Node backend that runs a TensorFlow operation by its name. */
interface KernelBackend {
  readonly binding: Readonly<
    Record<"TF_ATTR_TYPE" | "TF_ATTR_FLOAT" | "TF_ATTR_BOOL" | "TF_ATTR_STRING" | "TF_FLOAT", number>
  >;
  executeMultipleOutputs(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[];
}

const backend = tf.backend() as unknown as KernelBackend;
const { binding } = backend;
const float = (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });

function run(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[] {
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}

/** max(x, 0) of any shape; gradient by ReluGrad. */
export const relu = tf.customGrad((...inputs) => {
  const [x, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
  const y = tf.relu(x);
  save([y]);
  const gradFunc = (dy: Tensor, saved: Tensor[]) =>
    run("ReluGrad", [float("T")], [dy, saved[0] as Tensor], 1)[0] as Tensor;
  return { value: y, gradFunc };
}) as <T extends Tensor>(x: T) => T;

/** x [..., channels] + bias [channels]; gradient by BiasAddGrad. */
export const addBias = tf.customGrad((...inputs) => {
  const [x, bias] = inputs as unknown as [Tensor, Tensor1D];
  const value = run("BiasAdd", [float("T")], [x, bias], 1)[0] as Tensor;
  const gradFunc = (dy: Tensor) => [dy.clone(), run("BiasAddGrad", [float("T")], [dy], 1)[0] as Tensor];
  return { value, gradFunc };
}) as (x: Tensor, bias: Tensor1D) => Tensor4D;

const epsilon = 1e-3; // Keras's, as the paper's Inception V3 has it

function batchNormAttributes(isTraining: boolean): Attribute[] {
  return [
    float("T"),
    float("U"),
    { name: "epsilon", type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: "is_training", type: binding.TF_ATTR_BOOL, value: isTraining },
    { name: "data_format", type: binding.TF_ATTR_STRING, value: "NHWC" },
  ];
}

/**
 * Batch norm of x [n, h, w, c] by the batch's own moments (Ioffe and Szegedy 2015), gradient by FusedBatchNormGradV3.
 * @returns y, and the batch's mean and unbiased variance, which carry no gradient and are the caller's to dispose
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
    const outputs = run("FusedBatchNormV3", batchNormAttributes(true), [input, scale, offset, none, none], 6);
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
      return run("FusedBatchNormGradV3", batchNormAttributes(true), [dy, kept, keptScale, ...reserved], 5).slice(0, 3);
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

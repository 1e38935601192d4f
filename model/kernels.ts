// Runs one TensorFlow operation by its name, past tfjs's own wrappers: for gradients of our own (model/fused-kernels.ts).
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { tf } from "./tensorflow.ts";

export interface Attribute {
  readonly name: string;
  readonly type: number | undefined;
  readonly value: number | string | boolean | readonly number[];
}

/** The part of the Node backend that runs operations. */
interface KernelBackend {
  readonly binding: Readonly<
    Record<"TF_ATTR_TYPE" | "TF_ATTR_INT" | "TF_ATTR_FLOAT" | "TF_ATTR_BOOL" | "TF_ATTR_STRING", number> &
      Record<"TF_FLOAT" | "TF_INT32", number>
  >;
  executeMultipleOutputs(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[];
}

const backend = tf.backend() as unknown as KernelBackend;
const { binding } = backend;

export const attribute = {
  float32: (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }),
  int32: (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 }),
  number: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_FLOAT, value }),
  integers: (name: string, value: readonly number[]): Attribute => ({ name, type: binding.TF_ATTR_INT, value }),
  flag: (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
  text: (name: string, value: string): Attribute => ({ name, type: binding.TF_ATTR_STRING, value }),
};

/** Runs an operation with several outputs. */
export function runAll(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[] {
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}

/** Runs an operation with one output. */
export function run(name: string, attributes: Attribute[], inputs: Tensor[]): Tensor {
  return runAll(name, attributes, inputs, 1)[0] as Tensor;
}

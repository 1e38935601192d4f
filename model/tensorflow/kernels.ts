// The Node backend under tfjs's own wrappers: runs operations by name, for custom gradients (fused-kernels.ts) and
// whole graphs (graph/).
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { tf } from "./tensorflow.ts";

export interface Attribute {
  readonly name: string;
  readonly type: number | undefined;
  readonly value: number | string | boolean | readonly number[];
}

/** An output of the binding. */
export interface Output {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The part of tfjs-node's native binding that is used here. */
export interface Binding
  extends Readonly<
    Record<"TF_ATTR_TYPE" | "TF_ATTR_INT" | "TF_ATTR_FLOAT" | "TF_ATTR_BOOL" | "TF_ATTR_STRING", number> &
      Record<"TF_ATTR_SHAPE" | "TF_FLOAT" | "TF_INT32", number>
  > {
  createTensor(shape: number[], type: number, values: ArrayLike<number>): number;
  executeOp(name: string, attributes: Attribute[], inputs: number[], outputs: number): Output[];
  deleteTensor(id: number): void;
  tensorDataSync(id: number): unknown;
  loadSavedModel(folder: string, tags: string): number;
  runSavedModel(model: number, inputs: number[], inputNames: string, outputNames: string): Output[];
  deleteSavedModel(model: number): void;
}

/** The part of the Node backend that runs operations. */
interface KernelBackend {
  binding: Binding;
  getDTypeInteger(type: Tensor["dtype"]): number;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(output: Output): Tensor;
  executeMultipleOutputs(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[];
}

export const backend = tf.backend() as unknown as KernelBackend;
const { binding } = backend;

/** The binding's ids of tensors; copies values to TensorFlow that are not there yet. */
export const idsOf = (tensors: readonly Tensor[]): number[] => backend.getInputTensorIds(tensors);

export const attribute = {
  float32: (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }),
  int32: (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 }),
  number: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_FLOAT, value }),
  integers: (name: string, value: readonly number[]): Attribute => ({ name, type: binding.TF_ATTR_INT, value }),
  flag: (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
  text: (name: string, value: string): Attribute => ({ name, type: binding.TF_ATTR_STRING, value }),
};

/** All attributes of operations that graph/ makes itself. */
export const attributesOf = {
  fill: (type: number): Attribute[] => [
    { name: "T", type: binding.TF_ATTR_TYPE, value: type },
    attribute.int32("index_type"),
  ],
  cast: (from: number, to: number): Attribute[] => [
    { name: "SrcT", type: binding.TF_ATTR_TYPE, value: from },
    { name: "DstT", type: binding.TF_ATTR_TYPE, value: to },
    attribute.flag("Truncate", false),
  ],
};

/** Runs an operation with several outputs. */
export function runAll(name: string, attributes: Attribute[], inputs: Tensor[], outputs: number): Tensor[] {
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}

/** Runs an operation with one output. */
export function run(name: string, attributes: Attribute[], inputs: Tensor[]): Tensor {
  return runAll(name, attributes, inputs, 1)[0] as Tensor;
}

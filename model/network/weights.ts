// A network's variables as safetensors and back: stable names, so that Python opens the same file.
import type { Variable } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../protocol/format/safetensors.ts";
import { tf } from "../tensorflow/tensorflow.ts";

export type NamedVariables = ReadonlyMap<string, Variable>;

export function trainableOf(variables: NamedVariables): NamedVariables {
  return new Map([...variables].filter(([, { trainable }]) => trainable));
}

/** The values of the variables, copied out. */
export function readVariables(variables: NamedVariables): NamedTensor[] {
  return [...variables].map(([name, variable]) => ({
    name,
    dtype: "F32",
    shape: variable.shape,
    data: variable.dataSync() as Float32Array,
  }));
}

/** The bytes of the variables, the same bytes for the same values. */
export function encodeWeights(variables: NamedVariables): Uint8Array {
  return encodeSafetensors(readVariables(variables));
}

/**
 * Sets every variable; tensors of the server's state ("server/") are ignored.
 * @throws SAFETENSORS_MALFORMED, TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH
 */
export function loadWeights(variables: NamedVariables, bytes: Uint8Array): void {
  writeVariables(
    variables,
    decodeSafetensors(bytes).tensors.filter(({ name }) => variables.has(name) || !name.startsWith("server/")),
  );
}

/** @throws TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH */
export function checkFit(variables: NamedVariables, values: readonly NamedTensor[]): void {
  const remedy = "these are the weights of another network: give a file of this one";
  const tensors = new Map(values.map((tensor) => [tensor.name, tensor]));
  for (const name of tensors.keys()) {
    if (!variables.has(name)) throw new FedError("TENSOR_UNKNOWN", { name }, { remedy });
  }
  for (const [name, { shape }] of variables) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new FedError("TENSOR_MISSING", { name }, { remedy });
    if (tensor.dtype !== "F32" || tensor.shape.join() !== shape.join()) {
      const facts = { name, expected: shape.join(), found: tensor.shape.join() };
      throw new FedError("TENSOR_SHAPE_MISMATCH", facts, { remedy });
    }
  }
}

/**
 * Sets every variable, or none.
 * @throws TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH
 */
export function writeVariables(variables: NamedVariables, values: readonly NamedTensor[]): void {
  checkFit(variables, values);
  const tensors = new Map(values.map((tensor) => [tensor.name, tensor]));
  for (const [name, variable] of variables) {
    const { data, shape } = tensors.get(name)!;
    const value = tf.tensor(data as Float32Array, [...shape], "float32");
    variable.assign(value);
    value.dispose();
  }
}

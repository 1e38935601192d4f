// Converts a model's weights to one vector, with which attacks calculate, and back to a file.
import { decodeSafetensors, encodeSafetensors } from "../../protocol/format/safetensors.ts";

/** All weights, one tensor after the other, in the order of the file. */
export type Weights = Float32Array;

/** @param file a model's safetensors; its server state is left out */
export function weightsOf(file: Uint8Array): Weights {
  const own = ownTensors(file);
  const weights = new Float32Array(own.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of own) {
    weights.set(data, at);
    at += data.length;
  }
  return weights;
}

/** Safetensors of the model's tensors with other values. */
export function fileOf(weights: Weights, model: Uint8Array): Uint8Array {
  let at = 0;
  return encodeSafetensors(
    ownTensors(model).map((tensor) => {
      const data = weights.slice(at, at + tensor.data.length);
      at += data.length;
      return { ...tensor, data };
    }),
  );
}

/** L2. */
export function norm(weights: Weights): number {
  return Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0));
}

function ownTensors(file: Uint8Array) {
  return decodeSafetensors(file).tensors.filter(({ name }) => !name.startsWith("server/"));
}

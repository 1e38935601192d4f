// Keras's weights of a backbone from a safetensors file: names are `layer/weight`, as docs/baselines.md writes them.
import type { LayersModel, Variable } from "@tensorflow/tfjs-node-gpu";
import { loadWeights } from "../network/weights.ts";

/** @throws SAFETENSORS_MALFORMED, TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH */
export function setBackboneWeights(model: LayersModel, bytes: Uint8Array): void {
  loadWeights(new Map(model.weights.map((weight) => [weight.originalName, weight.read() as Variable])), bytes);
}

// A checkpoint holds weights, the optimiser's moments and the step, so that a resumed training gives the same bits.
import { FedError } from "../../foundation/errors.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../protocol/format/safetensors.ts";
import type { Network } from "../network/network.ts";
import { checkFit, readVariables, writeVariables } from "../network/weights.ts";
import type { Optimiser } from "./optimisers.ts";

/** Safetensors of everything that the next step depends on; `run` identifies the training. */
export function encodeCheckpoint(network: Network, optimiser: Optimiser, run: string): Uint8Array {
  const prefixed = (prefix: string) => (tensor: NamedTensor) => ({ ...tensor, name: prefix + tensor.name });
  const weights = readVariables(network.variables).map(prefixed("w/"));
  const moments = readVariables(optimiser.moments).map(prefixed("m/"));
  return encodeSafetensors([...weights, ...moments], { run, step: String(optimiser.steps) });
}

/**
 * Restores the network and the optimiser, or neither.
 * @returns steps taken
 * @throws CHECKPOINT_MISMATCH, SAFETENSORS_MALFORMED, TENSOR_MISSING,
 * TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH
 */
export function restoreCheckpoint(bytes: Uint8Array, network: Network, optimiser: Optimiser, run: string): number {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const steps = Number(metadata["step"]);
  if (metadata["run"] !== run || !Number.isSafeInteger(steps) || steps < 1) {
    const remedy = "delete the checkpoint: the training begins anew";
    throw new FedError("CHECKPOINT_MISMATCH", { expected: run, found: metadata["run"] }, { remedy });
  }
  const under = (prefix: string) =>
    tensors.filter(({ name }) => name.startsWith(prefix)).map((each) => ({ ...each, name: each.name.slice(2) }));
  const [weights, moments] = [under("w/"), under("m/")];
  checkFit(network.variables, weights);
  checkFit(optimiser.moments, moments);
  writeVariables(network.variables, weights);
  writeVariables(optimiser.moments, moments);
  optimiser.resume(steps);
  return steps;
}

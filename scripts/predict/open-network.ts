// A model file as a network.
import { FedError } from "../../foundation/errors.ts";
import type { Network } from "../../model/network/network.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import { parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";

/** The model as a network; explain shows it no slice of a shorter scan twice. */
export async function openNetwork(weights: Uint8Array, spec: ModelSpec): Promise<Network> {
  // Here, since TensorFlow takes a second to load.
  const { createNetwork } = await import("../../model/network/network.ts");
  const network = createNetwork(spec);
  try {
    network.setWeights(weights);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** What a file's tensors tell of its network; the rest as the default plan has it. */
export function specOf(weights: Uint8Array): ModelSpec {
  const { tensors } = parseSafetensorsHeader(weights, weights.byteLength);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const preset = shapes.has("mixed10/1x1/kernel") ? "iv3" : shapes.has("mixed1/1x1/kernel") ? "standard" : "compact";
  const inputs = shapes.get("stem/a/kernel")?.[2];
  if (inputs === undefined) {
    throw new FedError("MODEL_UNSUPPORTED", { missing: "stem/a/kernel" }, { remedy: "give a model of a federation" });
  }
  const { model } = defaultPlan({ preset, channels: preset === "iv3" ? inputs : inputs / 8 });
  const normalisation = shapes.has("stem/a/bias") ? "none" : shapes.has("stem/a/gamma") ? "group" : undefined;
  if (normalisation === undefined) {
    const remedy = "batch norm's part stays at the hospital (FedBN): predict there, through its node";
    throw new FedError("LOCAL_WEIGHTS_UNAVAILABLE", {}, { remedy });
  }
  return { ...model, normalisation, reconstruction: shapes.has("decoder/pixels/kernel") };
}

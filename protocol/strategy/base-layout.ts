// Whether a file can be the base of a round: a model that nobody checked, such as a genesis, may be any safetensors.
import { FedError } from "../../foundation/errors.ts";
import type { SafetensorsHeader } from "../format/safetensors.ts";
import { serverPrefix, type UpdateLayout, type UpdatePlan, updateLayout } from "../update/update-layout.ts";
import { strategyOf } from "./registry.ts";

export const controlState = "control";

export interface ServerTensor {
  readonly name: string;
  readonly dtype: "F32";
  readonly shape: readonly number[];
}

/** The state that the server keeps of a tensor under the plan's rule; zeros where a base has none yet. */
export function serverTensors({ segments }: UpdateLayout, states: readonly string[]): readonly ServerTensor[] {
  return segments.flatMap(({ name, group, shape }) =>
    (group === "control" ? [controlState] : states).map((state) => ({
      name: stateName(state, name),
      dtype: "F32" as const,
      shape,
    })),
  );
}

export function stateName(state: string, tensor: string): string {
  return state === "" ? tensor : `${serverPrefix}${state}/${tensor}`;
}

/**
 * The layout of updates of this base, once every tensor that an average reads is what it must be.
 * @throws MODEL_DTYPE, MODEL_EMPTY, EXPONENTS_MALFORMED, TENSOR_SHAPE_MISMATCH
 */
export function baseLayout(base: SafetensorsHeader, plan: UpdatePlan): UpdateLayout {
  const layout = updateLayout(base, plan);
  const found = new Map(base.tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, dtype } of base.tensors) {
    if (dtype !== "F32" && !name.startsWith(serverPrefix)) throw new FedError("MODEL_DTYPE", { name, dtype });
  }
  for (const { name, dtype, shape } of serverTensors(layout, strategyOf(plan.strategy).state ?? [])) {
    const tensor = found.get(name);
    if (!tensor) continue;
    if (tensor.dtype !== dtype) throw new FedError("MODEL_DTYPE", { name, dtype: tensor.dtype });
    if (`${tensor.shape}` !== `${shape}`) {
      throw new FedError("TENSOR_SHAPE_MISMATCH", { name, expected: `${shape}`, found: `${tensor.shape}` });
    }
  }
  return layout;
}

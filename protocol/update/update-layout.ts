// The coordinates of an update, their order and their steps: computed from the base model's header and the plan, so that
// hospitals, aggregators and auditors agree before any byte is sent.
import { FedError } from "../../foundation/errors.ts";
import type { Plan } from "../format/plan.ts";
import { layoutSafetensors, type SafetensorsHeader } from "../format/safetensors.ts";
import type { UpdateType } from "./integers.ts";
import { decodeExponents, encodeExponents, exponentsKey, firstExponent, proposedKey } from "./step-exponents.ts";

/** The sections of a plan that updates and aggregation depend on. */
export type UpdatePlan = Pick<Plan, "update" | "strategy" | "privacy">;

/** Names of tensors in a model's file that belong to the server's state, not to the network. */
export const serverPrefix = "server/";
/** Name prefixes: of a hospital's SCAFFOLD control variate in its update and residual, and of the server's in a model's file. */
export const controlPrefix = "control/";
export const serverControlPrefix = `${serverPrefix}${controlPrefix}`;

/** The part of the flat vector that belongs to one tensor. */
export interface Segment {
  /** Name of the model's tensor. */
  readonly name: string;
  /** Name of the update's tensor. */
  readonly updateName: string;
  /** delta: change of the model's tensor. control: change of the hospital's SCAFFOLD control variate for it. */
  readonly group: "delta" | "control";
  readonly shape: readonly number[];
  readonly start: number;
  readonly length: number;
  /** A coordinate's value is its integer times 2^exponent. */
  readonly exponent: number;
}

export interface UpdateLayout {
  readonly type: UpdateType;
  /** In flat order: the order of their names in the update's file. */
  readonly segments: readonly Segment[];
  readonly coordinates: number;
}

/** True for a tensor of the network that hospitals send. */
export function travels(name: string, plan: UpdatePlan): boolean {
  return !name.startsWith(serverPrefix) && !plan.update.localTensors.some((part) => name.includes(part));
}

/**
 * @param base header of the base model
 * @throws MODEL_DTYPE, MODEL_EMPTY, EXPONENTS_MALFORMED
 */
export function updateLayout(base: SafetensorsHeader, plan: UpdatePlan): UpdateLayout {
  const { type, clipNorm } = plan.update;
  const groups: readonly Segment["group"][] = plan.strategy.name === "scaffold" ? ["delta", "control"] : ["delta"];
  const tensors = base.tensors.filter(({ name }) => travels(name, plan));
  for (const { name, dtype } of tensors) if (dtype !== "F32") throw new FedError("MODEL_DTYPE", { name, dtype });
  const unplaced = groups.flatMap((group) =>
    tensors.map(({ name, shape, bytes }) => ({
      name,
      updateName: group === "control" ? controlPrefix + name : name,
      group,
      shape,
      length: bytes / 4,
    })),
  );
  unplaced.sort((a, b) => (a.updateName < b.updateName ? -1 : 1));
  const parameters = tensors.reduce((sum, { bytes }) => sum + bytes / 4, 0);
  if (parameters === 0) throw new FedError("MODEL_EMPTY", { tensors: base.tensors.length });
  const clipNorms = {
    delta: clipNorm,
    control: plan.strategy.name === "scaffold" ? plan.strategy.controlClipNorm : clipNorm,
  };
  const published = base.metadata[exponentsKey];
  const exponents =
    published === undefined
      ? unplaced.map(({ group }) => firstExponent(type, clipNorms[group], parameters, plan.privacy))
      : decodeExponents(published, unplaced.length);
  let start = 0;
  const segments = unplaced.map((segment, index) => {
    const placed = { ...segment, start, exponent: exponents[index]! };
    start += segment.length;
    return placed;
  });
  return { type, segments, coordinates: start };
}

/** An update's metadata: its exponents, and those that it proposes for the next round. */
export interface UpdateNotes {
  readonly exponents: readonly number[];
  readonly proposed: readonly number[];
}

/** The most values that a sparse update carries. */
export function keptCoordinates(layout: UpdateLayout, plan: UpdatePlan): number {
  return Math.max(1, Math.floor(layout.coordinates * plan.update.topFraction));
}

/** The tensors of a dense update's file. */
export function denseTensors(layout: UpdateLayout) {
  return layout.segments.map(({ updateName, shape }) => ({ name: updateName, dtype: layout.type, shape }));
}

/** Names of a sparse update's two tensors: the kept values, and the distance of each from the one before. */
export const sparseNames = { values: "values", gaps: "gaps" } as const;

export function sparseTensors(layout: UpdateLayout, values: number, gaps: number) {
  return [
    { name: sparseNames.values, dtype: layout.type, shape: [values] },
    { name: sparseNames.gaps, dtype: "U8", shape: [gaps] },
  ] as const;
}

export function notesMetadata({ exponents, proposed }: UpdateNotes): Record<string, string> {
  return { [exponentsKey]: encodeExponents(exponents), [proposedKey]: encodeExponents(proposed) };
}

/**
 * The largest size of an update's file, bytes, as the limit when fetching one.
 * @param base header of the update's base model
 * @throws MODEL_DTYPE, MODEL_EMPTY, EXPONENTS_MALFORMED
 */
export function maxUpdateBytes(base: SafetensorsHeader, plan: UpdatePlan): number {
  const layout = updateLayout(base, plan);
  const longest = layout.segments.map(() => -60);
  const metadata = notesMetadata({ exponents: longest, proposed: longest });
  if (plan.update.topFraction === 1) return layoutSafetensors(denseTensors(layout), metadata).totalBytes;
  const kept = keptCoordinates(layout, plan);
  // A gap takes one byte, and one more for each 255 coordinates that it skips.
  const gaps = kept + Math.ceil(layout.coordinates / 255);
  return layoutSafetensors(sparseTensors(layout, kept, gaps), metadata).totalBytes;
}

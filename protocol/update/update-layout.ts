// Which coordinates an update has, in which order and at which steps: computed from the base model's header and the
// plan, so that a hospital, the aggregator and an auditor agree before a single byte is sent.
import { FedError } from "../../foundation/errors.ts";
import type { Plan } from "../format/plan.ts";
import { layoutSafetensors, type SafetensorsHeader } from "../format/safetensors.ts";
import type { UpdateType } from "./integers.ts";
import { decodeExponents, encodeExponents, exponentsKey, firstExponent, wishesKey } from "./step-exponents.ts";

/** The sections of a plan that updates and aggregation depend on. */
export type UpdatePlan = Pick<Plan, "update" | "strategy">;

/** Names of tensors in a model's file that belong to the server's state, not to the network. */
export const serverPrefix = "server/";
/** Of a hospital's SCAFFOLD control variate, in its update and its residual; of the server's, in a model's file. */
export const controlPrefix = "control/";
export const serverControlPrefix = `${serverPrefix}${controlPrefix}`;

/** One tensor's stretch of the flat vector of coordinates. */
export interface Segment {
  /** Of the model's tensor. */
  readonly name: string;
  /** Of the update's tensor. */
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
  /** In flat order, which is the order of their names in the update's file. */
  readonly segments: readonly Segment[];
  readonly coordinates: number;
}

/** True for a tensor that is the network's own and travels. */
export function travels(name: string, plan: UpdatePlan): boolean {
  return !name.startsWith(serverPrefix) && !plan.update.localTensors.some((part) => name.includes(part));
}

/**
 * @param base header of the model that was trained from
 * @throws FedError MODEL_DTYPE, MODEL_EMPTY, EXPONENTS_MALFORMED
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
      ? unplaced.map(({ group }) => firstExponent(type, clipNorms[group], parameters))
      : decodeExponents(published, unplaced.length);
  let start = 0;
  const segments = unplaced.map((segment, index) => {
    const placed = { ...segment, start, exponent: exponents[index] as number };
    start += segment.length;
    return placed;
  });
  return { type, segments, coordinates: start };
}

/** What an update's header says beyond its tensors. */
export interface UpdateNotes {
  readonly exponents: readonly number[];
  readonly wishes: readonly number[];
}

/** Values that a sparse update carries at most. */
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

export function notesMetadata({ exponents, wishes }: UpdateNotes): Record<string, string> {
  return { [exponentsKey]: encodeExponents(exponents), [wishesKey]: encodeExponents(wishes) };
}

/** Bytes that no update of this layout exceeds: what to allow when fetching one. */
export function maxUpdateBytes(base: SafetensorsHeader, plan: UpdatePlan): number {
  const layout = updateLayout(base, plan);
  const longest = layout.segments.map(() => -60);
  const metadata = notesMetadata({ exponents: longest, wishes: longest });
  if (plan.update.topFraction === 1) return layoutSafetensors(denseTensors(layout), metadata).totalBytes;
  const kept = keptCoordinates(layout, plan);
  // A gap takes one byte, and one more for every 255 coordinates it skips.
  const gaps = kept + Math.ceil(layout.coordinates / 255);
  return layoutSafetensors(sparseTensors(layout, kept, gaps), metadata).totalBytes;
}

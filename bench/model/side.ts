// The input of both sides of a comparison of networks.
import type { ModelSpec } from "../../protocol/format/model-spec.ts";

export interface Side {
  readonly preset: ModelSpec["preset"];
  readonly variant: ModelSpec["routing"]["variant"];
  readonly normalisation: "none" | "batch-local";
  readonly reconstruction: boolean;
  readonly scans: number;
  readonly slices: number;
  /** Pixels of a slice's side. */
  readonly side: number;
  readonly channels: number;
}

/** The presets as they are measured. */
export const compactSide: Side = {
  ...{ preset: "compact", variant: "sabour", normalisation: "none", reconstruction: false },
  ...{ scans: 8, slices: 12, side: 64, channels: 1 },
};
export const standardSide: Side = {
  ...{ preset: "standard", variant: "sabour", normalisation: "none", reconstruction: false },
  ...{ scans: 4, slices: 8, side: 128, channels: 1 },
};
export const iv3Side: Side = {
  ...{ preset: "iv3", variant: "paper", normalisation: "batch-local", reconstruction: false },
  ...{ scans: 1, slices: 4, side: 299, channels: 1 },
};

export function modelSpecOf({
  preset,
  variant,
  normalisation,
  reconstruction,
  slices,
  side,
  channels,
}: Side): ModelSpec {
  return {
    preset,
    input: { slices, height: side, width: side, channels },
    routing: { iterations: 3, variant },
    normalisation,
    reconstruction,
  };
}

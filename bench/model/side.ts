// What both sides of a comparison of networks are told.
import type { ModelSpec } from "../../protocol/model-spec.ts";

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

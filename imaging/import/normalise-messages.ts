// The tasks of normalising threads, and their results.
import type { DicomSource } from "../dicom/decode-messages.ts";
import type { Stack } from "../series/read-stack.ts";
import type { Plane } from "../volume/geometry.ts";
import type { NormalScan, ShardShape } from "./normalise.ts";

export type NormaliseTask =
  | { readonly kind: "stack"; readonly stack: Stack; readonly shape: ShardShape }
  | { readonly kind: "pictures"; readonly planes: readonly Plane[]; readonly shape: ShardShape }
  | { readonly kind: "picture"; readonly source: DicomSource; readonly shape: ShardShape };

export interface NormaliseResults {
  readonly stack: NormalScan & { readonly lungMl: number };
  readonly pictures: NormalScan & { readonly isHuEstimated: boolean };
  readonly picture: { readonly plane: Plane; readonly rows: number; readonly columns: number };
}

export type NormaliseResult = NormaliseResults[keyof NormaliseResults];

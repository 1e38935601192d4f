// Results that all parties of one process would compute alike from the same public objects, computed once. A party that
// is a process of its own has none of this.
import { Once } from "../../foundation/once.ts";
import type { Digest } from "../format/digest.ts";
import type { Manifest } from "../format/manifest.ts";

/** The model that an average gives, and its safetensors. */
export interface Averaged {
  readonly model: Digest;
  readonly bytes: Uint8Array;
}

/** What every party of a round would compute alike. */
export interface SharedWork {
  readonly averages: Once<Averaged>;
  /** Manifests found true. */
  readonly manifests: Once<Manifest>;
  /** Updates found to fit their plan and base. */
  readonly updates: Once<void>;
}

/** Two models, and the updates of a few rounds of hundreds of hospitals. */
export function shareWork(): SharedWork {
  return { averages: new Once(2), manifests: new Once(1024), updates: new Once(1024) };
}

// Results that all parties of one process compute from the same public objects, computed once. A party with a process of
// its own has none.
import { Once } from "../../foundation/once.ts";
import type { Digest } from "../format/digest.ts";
import type { Manifest } from "../format/manifest.ts";

/** The model that an average gives, and its safetensors. */
export interface Averaged {
  readonly model: Digest;
  readonly bytes: Uint8Array;
}

/** Results that are the same for every party of a round. */
export interface SharedWork {
  readonly averages: Once<Averaged>;
  /** Manifests that are valid. */
  readonly manifests: Once<Manifest>;
  /** Updates that fit their plan and base. */
  readonly updates: Once<void>;
}

/** Two models, and the updates of a few rounds of hundreds of hospitals. */
export function shareWork(): SharedWork {
  return { averages: new Once(2), manifests: new Once(1024), updates: new Once(1024) };
}

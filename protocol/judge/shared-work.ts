// Results that all parties of one process compute from the same public objects, computed once. A party with a process of
// its own has none.
import type { ErrorCode } from "../../foundation/errors.ts";
import { Once } from "../../foundation/once.ts";
import type { HospitalAddress } from "../format/digest.ts";
import type { Manifest } from "../format/manifest.ts";
import type { Deal } from "../private/deal.ts";
import type { Point } from "../private/group.ts";
import type { ScoreHistogram } from "../private/sum-layout.ts";
import type { Averaged } from "./averaged.ts";

/** A bucket whose sum shows that one of its hospitals masked what is no input; nobody can tell which one. */
export interface SpoiltBucket {
  /** The hospitals in its sum. */
  readonly included: readonly HospitalAddress[];
  readonly code: ErrorCode;
}

/** The model of a private sum, and the pooled scores of the round's base model, which are in the same sum. */
export interface SummedModel extends Averaged {
  readonly histogram: ScoreHistogram;
  /** Left out of the model and of the scores; none without buckets. */
  readonly spoilt: readonly SpoiltBucket[];
}

/** A deal with its commitments as points, whose decoding costs most. */
export interface CheckedDeal {
  readonly deal: Deal;
  readonly commitments: readonly Point[];
}

/** Results that are the same for every party of a round. */
export interface SharedWork {
  readonly averages: Once<Averaged>;
  /** Manifests that are valid. */
  readonly manifests: Once<Manifest>;
  /** Updates that fit their plan and base; masked ones of the right form. */
  readonly updates: Once<void>;
  /** Deals that fit their round. */
  readonly deals: Once<CheckedDeal>;
  /** Keys that open their sums. */
  readonly keys: Once<void>;
  readonly sums: Once<SummedModel>;
}

/** Two models, and the updates of a few rounds of hundreds of hospitals. */
export function shareWork(): SharedWork {
  return {
    averages: new Once(2),
    manifests: new Once(1024),
    updates: new Once(1024),
    deals: new Once(1024),
    keys: new Once(16),
    sums: new Once(2),
  };
}

// All that a hospital observes before it decides: the chain, its own notes, and what it has collected of the round.

import type { RoundView } from "../party/round-actions.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Member } from "../protocol/contract/round.ts";
import type { Digest, RoundId } from "../protocol/format/digest.ts";
import type { Notes } from "./notes.ts";

/** Training in progress. */
export interface Training {
  readonly round: RoundId;
  readonly plan: Digest;
  readonly base: Digest;
}

export interface HospitalView extends RoundView {
  /** This hospital's entry in the contract; undefined before it is admitted. */
  readonly member: Member | undefined;
  readonly lineage: Lineage;
  /** Scores and refusals of others that this process has replicated. */
  readonly replicated: ReadonlySet<Digest>;
  readonly notes: Notes;
  readonly training: Training | undefined;
}

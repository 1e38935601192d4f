// All that a hospital looks at before it decides: the chain, its own notes, and what it has collected of the round.

import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Commitment, Member } from "../protocol/contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { Collected } from "../protocol/judge/collect.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { Notes } from "./notes.ts";

/** Training in progress. */
export interface Training {
  readonly round: RoundId;
  readonly plan: Digest;
  readonly base: Digest;
}

export interface HospitalView {
  readonly self: HospitalAddress;
  /** What the contract says of this hospital; undefined before it is admitted. */
  readonly member: Member | undefined;
  /** Chain time, seconds. */
  readonly now: number;
  readonly lineage: Lineage;
  readonly notes: Notes;
  /** Of the newest round; undefined until its plan and base are here, "refused" where the plan is not accepted. */
  readonly context: RoundContext | "refused" | undefined;
  readonly training: Training | undefined;
  /** Of the newest round's commitments, by member. */
  readonly collected: ReadonlyMap<HospitalAddress, Collected>;
  /** Commitments to fetch the updates of. */
  readonly uncollected: readonly Commitment[];
  /** Chain time since which updates of the newest round could be fetched. */
  readonly askingSince: number | undefined;
  /** Attempts to fetch an update of the newest round since its newest proposal was made, by member. */
  readonly fruitless: ReadonlyMap<HospitalAddress, number>;
  /** Chain time at which the newest proposal was first seen. */
  readonly proposalSeenAt: number | undefined;
}

// All that a hospital observes before it decides: the chain, its own notes, and what it has collected of the round.

import type { RelayObservations } from "../party/relay-actions.ts";
import type { RoundView } from "../party/round-actions.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Member } from "../protocol/contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { SignedWrite } from "../protocol/format/signed-write.ts";
import type { Held } from "./holder.ts";
import type { Notes } from "./notes.ts";

/** Training in progress. */
export interface Training {
  readonly round: RoundId;
  readonly plan: Digest;
  readonly base: Digest;
}

/** What this process of a hospital without gas has published for other members to send. */
export interface Published {
  readonly write: SignedWrite;
  /** Chain time of the first time, seconds. */
  readonly since: number;
}

export interface HospitalView extends RoundView, RelayObservations {
  /** This hospital's entry in the contract; undefined before it is admitted. */
  readonly member: Member | undefined;
  readonly lineage: Lineage;
  /** Scores and refusals of others that this process has replicated. */
  readonly replicated: ReadonlySet<Digest>;
  readonly notes: Notes;
  /** With private sums: what this hospital has of each dealer of the round. */
  readonly holding: ReadonlyMap<HospitalAddress, Held>;
  /** With private sums: the dealers whose box is open, its share checked or not. */
  readonly boxesOpened: ReadonlySet<HospitalAddress>;
  /** Names of the secrets on its disk. */
  readonly kept: readonly string[];
  /** Whether the contract opens no round any more, since all sums that it allows were opened. */
  readonly isBudgetSpent: boolean;
  readonly training: Training | undefined;
  /** Whether other members send what this hospital signs. */
  readonly relayed: boolean;
  /** Until the chain has it and that was reported, by name. */
  readonly published: ReadonlyMap<string, Published>;
}

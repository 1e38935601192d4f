// What truly happened in a history, as its author knows it: the audit sees the events and the objects alone.
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import type { Digest, RoundId } from "../../../protocol/format/digest.ts";
import type { FederationId } from "../../../protocol/format/federation-id.ts";
import type { FakeStore } from "../../fakes/network.ts";
import type { RealContract } from "../real-contract.ts";

/** good: as the protocol wants it. bad: the bytes show that it is not. missing: nobody serves it. */
export type ObjectState = "good" | "bad" | "missing";
/** unfit: a model's file that no update of the plan can be averaged onto. */
export type ModelState = ObjectState | "unfit";

export interface PlayedCommitment {
  readonly member: number;
  readonly update: ObjectState;
}

export interface PlayedVote {
  readonly member: number;
  readonly statement: ObjectState;
}

export interface PlayedProposal {
  readonly proposer: number;
  readonly included: readonly number[];
  /** Whether the model is the average of the included updates on the base. */
  readonly isRight: boolean;
  readonly isServed: boolean;
  readonly hasWaited: boolean;
  readonly votes: PlayedVote[];
  isAccepted: boolean;
}

export interface PlayedRound {
  readonly id: RoundId;
  readonly plan: ObjectState;
  readonly base: ModelState;
  /** The fewest updates that make a model under the plan. */
  readonly leastUpdates: number;
  readonly commitments: PlayedCommitment[];
  readonly proposals: PlayedProposal[];
}

export interface PlayedHistory {
  readonly federation: FederationId;
  readonly real: RealContract;
  readonly events: readonly LedgerEvent[];
  readonly store: FakeStore;
  readonly rounds: readonly PlayedRound[];
  /** What the contract took, by name: a generator that never comes to the rarer steps shows little. */
  readonly seen: ReadonlyMap<string, number>;
}

export interface KnownModel {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly state: ModelState;
}

// A summary of a round: its state, what it waits for, and until when.

import type { Member, RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";

export interface FederationStatus extends FederationId {
  /** Of the latest block, seconds. */
  readonly chainTime: number;
  /** Whether the contract's code is the build that this program knows. */
  readonly isKnownCode: boolean;
  readonly owner: string;
  readonly ownedByHospitals: boolean;
  /** Block time; null if the rounds are not paused. */
  readonly pausedUntil: number | null;
  readonly latestModel: string;
  readonly terms: RoundTerms;
  readonly members: readonly Member[];
  /** The newest first. */
  readonly rounds: readonly RoundSummary[];
}

export interface RoundSummary {
  readonly id: number;
  readonly status: RoundState["status"];
  readonly hospitals: number;
  readonly commitments: number;
  /** Sum of the commitments' sample counts. */
  readonly samples: number;
  readonly proposals: number;
  /** On the newest proposal. */
  readonly agreeing: number;
  readonly disagreeing: number;
  readonly awaits: string;
  /** Block time until which the round waits; null if it waits for nothing. */
  readonly until: number | null;
  readonly model: string | null;
}

export function summariseRound(round: RoundState, now: number): RoundSummary {
  const { id, status, members, commitments, proposals, model = null } = round;
  const votes = proposals.at(-1)?.attestations ?? [];
  return {
    id,
    status,
    hospitals: members.length,
    commitments: commitments.length,
    samples: commitments.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
    proposals: proposals.length,
    agreeing: votes.filter(({ agree }) => agree).length,
    disagreeing: votes.filter(({ agree }) => !agree).length,
    ...awaited(round, now),
    model,
  };
}

function awaited(round: RoundState, now: number): { awaits: string; until: number | null } {
  const { status, commitBy, proposeBy, attestBy, deadline, members, commitments } = round;
  if (status === "final" || status === "abandoned") return { awaits: "nothing", until: null };
  if (now > deadline) return { awaits: "anybody to move it on", until: null };
  if (status === "proposed") return { awaits: "hospitals to attest", until: attestBy };
  if (status === "proposing") return { awaits: "any member to propose", until: deadline };
  if (now <= commitBy && commitments.length < members.length) return { awaits: "updates", until: commitBy };
  return now <= proposeBy
    ? { awaits: "the opener to propose", until: proposeBy }
    : { awaits: "any member to propose", until: deadline };
}

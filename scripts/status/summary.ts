// A summary of a round: its state, what it waits for, and until when.
import type { LateMember } from "../../protocol/contract/late-members.ts";
import type { Member, PrivateSums, RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { OwnStore } from "./own-store.ts";

export interface FederationStatus extends FederationId {
  /** Of the latest block, seconds. */
  readonly chainTime: number;
  /** Whether the contract's code is the build that this program knows. */
  readonly isKnownCode: boolean;
  readonly owner: string;
  readonly ownedByHospitals: boolean;
  /** Block time; null if the rounds are not paused. */
  readonly pausedUntil: number | null;
  /** Digest of the plan of the rounds opened from now on; null if none is agreed on: no round can open. */
  readonly agreedPlan: string | null;
  readonly latestModel: string;
  /** Sums opened so far and at most; null without private sums. */
  readonly privateSums: Pick<PrivateSums, "seals" | "maxSeals"> | null;
  readonly terms: RoundTerms;
  readonly members: readonly Member[];
  /** Hospitals whose update is missing since the end of committing, as far as the shown rounds go back. */
  readonly late: readonly LateMember[];
  /** Of the party whose configuration was given. */
  readonly store?: OwnStore | undefined;
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
  /** The members that it waits for by name; empty where any member may act. */
  readonly awaited: readonly HospitalAddress[];
  /** Block time until which the round waits; null if it waits for nothing. */
  readonly until: number | null;
  readonly model: string | null;
}

/** @param isPrivate whether the federation has private sums: a round is then sealed before a model is proposed */
export function summariseRound(round: RoundState, now: number, isPrivate = false): RoundSummary {
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
    ...awaited(round, now, isPrivate ? "to seal" : "to propose"),
    model,
  };
}

function awaited(
  round: RoundState,
  now: number,
  next: "to seal" | "to propose",
): Pick<RoundSummary, "awaits" | "awaited" | "until"> {
  const { status, opener, commitBy, proposeBy, attestBy, deadline, members, commitments } = round;
  const anyone = { awaited: [], until: null };
  if (status === "final" || status === "abandoned") return { awaits: "nothing", ...anyone };
  if (now > deadline) return { awaits: "anybody to move it on", ...anyone };
  const without = (present: readonly { readonly member: HospitalAddress }[]) => {
    const names = new Set(present.map(({ member }) => member));
    return members.filter((member) => !names.has(member));
  };
  if (status === "proposed") {
    const votes = round.proposals.at(-1)?.attestations ?? [];
    return { awaits: "hospitals to attest", awaited: without(votes), until: attestBy };
  }
  if (status === "committing" && now <= commitBy && commitments.length < members.length)
    return { awaits: "updates", awaited: without(commitments), until: commitBy };
  if (status === "sealed" && round.seal && now <= round.seal.proposeBy)
    return { awaits: "the opener to propose", awaited: [opener], until: round.seal.proposeBy };
  const then = status === "committing" ? next : "to propose";
  return status === "committing" && now <= proposeBy
    ? { awaits: `the opener ${then}`, awaited: [opener], until: proposeBy }
    : { awaits: `any member ${then}`, awaited: [], until: deadline };
}

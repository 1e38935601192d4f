// What an audit found, as plain data: programs read it as JSON, people through the command's table, page and model card.

import type { ErrorCode, ErrorFacts } from "../../foundation/errors.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import type { EventPlace, MemberRole, RoundStatus, RoundTerms } from "../contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";
import type { FederationId } from "../format/federation-id.ts";
import type { Plan } from "../format/plan.ts";

/**
 * broken: something does not hold, and every auditor finds the same. unavailable: it cannot be checked, because nobody
 * serves an object. note: no reason for doubt (a lie that the others refused, an update that was rightly left out).
 */
export type Severity = "broken" | "unavailable" | "note";

/** What an object is. */
export type ObjectKind = "plan" | "model" | "manifest" | "update" | "scores" | "refusal";

/** One thing that an audit found, with the code of the check. */
export interface Finding {
  readonly severity: Severity;
  readonly code: ErrorCode;
  /** One sentence for people. */
  readonly text: string;
  readonly round?: RoundId;
  readonly proposal?: number;
  /** The member whose action or object it is. */
  readonly hospital?: HospitalAddress;
  readonly object?: ObjectKind;
  readonly digest?: Digest;
  readonly expected?: string;
  readonly found?: string;
  /** The other facts of the failing check. */
  readonly facts?: ErrorFacts;
}

/**
 * verified: the model was derived again to the same bytes and every statement about it holds. none: the round made no
 * model (it was abandoned, or still runs), and nothing about it is broken.
 */
export type RoundVerdict = "verified" | "broken" | "unavailable" | "none";

/** What became of a hospital's part in a round. */
export type Contribution = "included" | "left-out" | "invalid" | "unserved" | "silent";

/** One hospital's part in a round. */
export interface HospitalReport {
  readonly hospital: HospitalAddress;
  /** included: averaged into the accepted model. silent: committed to nothing. */
  readonly contribution: Contribution;
  readonly manifest?: Digest;
  readonly sampleCount?: number;
  readonly update?: Digest;
  readonly updateBytes?: number;
  /** The model that it trained from, and how many models older than the round's base that is. */
  readonly base?: Digest;
  readonly age?: number;
  /** Its share of the accepted average's weight, where the rule averages by weight. */
  readonly share?: number;
  readonly shard?: Digest;
  readonly software?: string;
  readonly finalLoss?: number;
  readonly seconds?: number;
}

/**
 * Scores of a model on validation patients, as hospitals report them: nobody else can check their labels. Patients of a
 * class with too few to publish are not counted.
 */
export interface ValidationReport {
  readonly patients: number;
  readonly positives: number;
  /** Absent if there are patients of one class only. */
  readonly auc?: Estimate;
  /** Expected calibration error (Naeini 2015) over ten bins. */
  readonly calibrationError?: number;
  /** True where the interval of the AUC includes 0.5, or there is none. */
  readonly isAtChance: boolean;
}

/** One hospital's vote on a proposal. */
export interface AttestationReport {
  readonly hospital: HospitalAddress;
  readonly agree: boolean;
  /** Of its scores, or of its refusal; absent where it named none. */
  readonly statement?: Digest;
  readonly validation?: ValidationReport;
  /** The reason that it gives for disagreeing. */
  readonly refusal?: string;
}

/** A model that a member proposed, with the votes on it. */
export interface ProposalReport {
  readonly number: number;
  readonly proposer: HospitalAddress;
  readonly model: Digest;
  readonly included: readonly HospitalAddress[];
  readonly status: "open" | "accepted" | "refused" | "expired";
  /** The average of the included updates; absent if one of them is missing or invalid. */
  readonly derived?: Digest;
  readonly attestations: readonly AttestationReport[];
}

/** One round: who took part, what was proposed, and what this audit derived. */
export interface RoundReport {
  readonly round: RoundId;
  readonly verdict: RoundVerdict;
  readonly status: RoundStatus;
  readonly opener: HospitalAddress;
  readonly openedAt: EventPlace;
  readonly plan: Digest;
  readonly base: Digest;
  /** The model that the contract calls final. */
  readonly model?: Digest;
  /** Whether this audit derived the same bytes as `model`. */
  readonly derived: boolean;
  /** Hospitals that more than two thirds must agree of. */
  readonly hospitals: readonly HospitalReport[];
  readonly proposals: readonly ProposalReport[];
  /** Of the final model, over the patients of all hospitals that agreed and published scores. */
  readonly validation?: ValidationReport;
  readonly findings: readonly Finding[];
}

/** The final model that hospitals' own validation patients speak for most. */
export interface BestModel {
  readonly round: RoundId;
  readonly model: Digest;
  readonly auc: Estimate;
}

/** A member of the federation, with its keys over time. */
export interface MemberReport {
  readonly index: number;
  readonly role: MemberRole;
  /** Chain keys, the first to the present one. */
  readonly addresses: readonly HospitalAddress[];
  /** Block times, seconds. */
  readonly admittedAt: number;
  readonly revokedAt?: number;
}

/** How far the endpoints that the chain was read from agreed. */
export interface ChainAgreement {
  /** Endpoints that were asked. */
  readonly endpoints: number;
  /** Endpoints that showed the same headers and logs in every range of blocks that was read, the first one included. */
  readonly agreed: number;
  /** Host and port of endpoints that did not answer when they were last asked. */
  readonly silent: readonly string[];
  /** Host and port of endpoints that lacked blocks of others for too long. */
  readonly behind: readonly string[];
  /** Blocks that one endpoint alone showed and that were not read: either it invents them or the others stand still. */
  readonly unread?: UnreadBlocks;
}

export interface UnreadBlocks {
  readonly from: number;
  readonly to: number;
  /** Host and port. */
  readonly shownBy: string;
}

/** What the audit's view of the chain rests on: the verdict can be no better than this. */
export interface AuditBasis extends ChainAgreement {
  /** Whether the contract's code is the build that this program knows. */
  readonly isKnownCode: boolean;
}

/** The verdict on a whole federation. */
export type AuditVerdict = "verified" | "broken" | "unavailable" | "empty";

/** What an audit found; JSON of it is stable within a version. */
export interface AuditReport {
  readonly version: 1;
  readonly federation: FederationId;
  /** What the audit's view of the chain rests on; absent if the ledger does not say. */
  readonly basis?: AuditBasis;
  /** broken before unavailable before verified; empty where no round made a model yet. */
  readonly verdict: AuditVerdict;
  /** The first finding that is broken, or else the first that is unavailable. */
  readonly first?: Finding;
  readonly members: readonly MemberReport[];
  readonly terms?: RoundTerms;
  /** The plans of the rounds that could be read. */
  readonly plans: Readonly<Record<Digest, Plan>>;
  /** The model that the first round began with. */
  readonly genesis?: Digest;
  /** The last final model. */
  readonly model?: Digest;
  /** The final model with the highest AUC on the hospitals' validation patients, the earliest of equals. */
  readonly best?: BestModel;
  /** The most influence that one hospital had on an accepted model. */
  readonly largestShare?: LargestShare;
  readonly rounds: readonly RoundReport[];
  /** About no round in particular: membership, terms. */
  readonly findings: readonly Finding[];
  readonly counts: {
    readonly events: number;
    readonly rounds: number;
    readonly models: number;
    readonly updates: number;
    readonly objects: number;
    readonly bytes: number;
  };
  /** The last event that was read. */
  readonly until?: EventPlace;
}

/** Progress of an audit. */
export type AuditEvent =
  | { readonly kind: "round-started"; readonly round: RoundId; readonly commitments: number }
  | { readonly kind: "update-checked"; readonly round: RoundId; readonly done: number; readonly of: number }
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "round-audited"; readonly report: RoundReport };

/** By the scores that hospitals report of their validation patients; undefined if there are none. */
export function bestModel(rounds: readonly RoundReport[]): BestModel | undefined {
  let best: BestModel | undefined;
  for (const { round, model, validation } of rounds) {
    const auc = validation?.auc;
    if (model && auc && (best === undefined || auc.value > best.auc.value)) best = { round, model, auc };
  }
  return best;
}

/** The most influence that one hospital had on an accepted model. */
export interface LargestShare {
  readonly round: RoundId;
  readonly hospital: HospitalAddress;
  readonly share: number;
}

/** The largest share that any hospital had of an accepted average, the earliest of equals; undefined where none is known. */
export function largestShare(rounds: readonly RoundReport[]): LargestShare | undefined {
  let largest: LargestShare | undefined;
  for (const { round, hospitals } of rounds) {
    for (const { hospital, share = 0 } of hospitals) {
      if (share > (largest?.share ?? 0)) largest = { round, hospital, share };
    }
  }
  return largest;
}

const order: readonly Severity[] = ["broken", "unavailable", "note"];

/** The first of the most severe findings; undefined if all are notes. */
export function firstFault(findings: readonly Finding[]): Finding | undefined {
  const [gravest] = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return gravest?.severity === "note" ? undefined : gravest;
}

// What an audit found, as plain data: programs read it as JSON, people through the command's table, page and model card.

import type { Estimate } from "../../foundation/statistics/proportion.ts";
import type { EventPlace } from "../contract/events.ts";
import type { MemberRole, PrivateSums, RoundStatus, RoundTerms } from "../contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";
import type { FederationId } from "../format/federation-id.ts";
import type { Plan } from "../format/plan.ts";
import type { PrivacyCost } from "../private/privacy-cost.ts";
import type { Finding } from "./finding.ts";
import type { SealReport } from "./seal-report.ts";

/**
 * verified: the model was derived again to the same bytes and every statement about it holds. none: the round made no
 * model (it was abandoned, or still runs), and nothing about it is broken.
 */
export type RoundVerdict = "verified" | "broken" | "unavailable" | "none";

/** What became of a hospital's part in a round. */
export type Contribution = "included" | "left-out" | "invalid" | "unserved" | "silent";

/**
 * One hospital's part in a round. `manifest` and `sampleCount` are there if it committed, what follows them if its update
 * could be fetched and is valid.
 */
export interface HospitalReport {
  /** By the key that it committed with; without a commitment, by its key when the next round opened. */
  readonly hospital: HospitalAddress;
  /** included: averaged into the accepted model. silent: committed to nothing. */
  readonly contribution: Contribution;
  /** The signed statement about the update, as committed on chain. */
  readonly manifest?: Digest;
  /** Training scans that the hospital claims, as committed on chain: the update's weight. */
  readonly sampleCount?: number;
  /** The update that the manifest names. */
  readonly update?: Digest;
  /** Size of the update's file. */
  readonly updateBytes?: number;
  /** With private sums, in place of an update: the masked one, which says nothing alone. */
  readonly masked?: Digest;
  /** With private sums: how the key of its mask is shared. */
  readonly deal?: Digest;
  /** The model that it trained from. */
  readonly base?: Digest;
  /** How many models older than the round's base its own base is; 0 for the same. */
  readonly age?: number;
  /** Its share of the accepted average's weight, 0 to 1, where the rule averages by weight. */
  readonly share?: number;
  /** Root over the scans that it trained on, by its manifest: only the hospital can open it. */
  readonly shard?: Digest;
  /** Name and version of the software that trained, by its manifest. */
  readonly software?: string;
  /** Loss of the last training step, where the plan's `reports` asks for it: a claim. */
  readonly finalLoss?: number;
  /** Time of the training, where the plan's `reports` asks for it: a claim. */
  readonly seconds?: number;
}

/**
 * Scores of a model on validation patients, as hospitals report them: nobody else can check their labels. Patients of a
 * class with too few to publish are not counted.
 */
export interface ValidationReport {
  /** Patients that were scored, of both classes. */
  readonly patients: number;
  /** Those of them with COVID-19. */
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
  /** The hospital that voted. */
  readonly hospital: HospitalAddress;
  /** True if it derived the same model; the audit holds it against its own result. */
  readonly agree: boolean;
  /** Of its scores, or of its refusal; absent where it named none. */
  readonly statement?: Digest;
  /** Its scores of the proposed model, where it agreed, published them, and they could be fetched. */
  readonly validation?: ValidationReport;
  /** The reason that it gives for disagreeing. */
  readonly refusal?: string;
}

/** A model that a member proposed, with the votes on it. */
export interface ProposalReport {
  /** From 1 within the round. */
  readonly number: number;
  /** The member that made it. */
  readonly proposer: HospitalAddress;
  /** The model that it proposed on chain; to be compared with `derived`. */
  readonly model: Digest;
  /** Hospitals whose updates the proposer says it averaged. */
  readonly included: readonly HospitalAddress[];
  /**
   * accepted: it became the final model. expired: it was not decided in time. open: votes are
   * still taken. abandoned: its round ended while it was open. */
  readonly status: "open" | "accepted" | "refused" | "expired" | "abandoned";
  /** The average of the included updates; absent if one of them is missing or invalid. */
  readonly derived?: Digest;
  /** In chain order; those after the decision are recorded and do not count. */
  readonly attestations: readonly AttestationReport[];
}

/** One round: who took part, what was proposed, and what this audit derived. */
export interface RoundReport {
  /** From 1. */
  readonly round: RoundId;
  /** What this audit says of it; `status` is what the contract says. */
  readonly verdict: RoundVerdict;
  /** As of the last event that was read. */
  readonly status: RoundStatus;
  /** The member that opened it. */
  readonly opener: HospitalAddress;
  /** Block and time of its opening. */
  readonly openedAt: EventPlace;
  /** The plan that its updates and model were held against. */
  readonly plan: Digest;
  /** The model that its hospitals trained from. */
  readonly base: Digest;
  /** The model that the contract calls final. */
  readonly model?: Digest;
  /** Whether this audit derived the same bytes as `model`. */
  readonly derived: boolean;
  /** Its hospitals, by member index: more than two thirds of them must agree. */
  readonly hospitals: readonly HospitalReport[];
  /** In chain order; of those that were not accepted, the first three are derived again. */
  readonly proposals: readonly ProposalReport[];
  /** With private sums, once sealed: the one sum of the round that may be opened. */
  readonly seal?: SealReport | undefined;
  /** With private sums: of the base, over the patients of all sealed hospitals together; nobody knows one hospital's. */
  readonly baseValidation?: ValidationReport | undefined;
  /**
   * Of the final model, over the patients of all hospitals that agreed and published scores. With private sums it is the
   * `baseValidation` of the next round that opened a sum, so the newest model has none.
   */
  readonly validation?: ValidationReport;
  /** Notes too; the verdict rests on the first that is none. */
  readonly findings: readonly Finding[];
}

/** The final model that hospitals' own validation patients speak for most. */
export interface BestModel {
  /** The round that made it. */
  readonly round: RoundId;
  /** Digest of the model. */
  readonly model: Digest;
  /** Over the validation patients of all hospitals that agreed and published scores, with its 95 % interval. */
  readonly auc: Estimate;
}

/** The most influence that one hospital had on an accepted model. */
export interface LargestShare {
  /** The round of that model. */
  readonly round: RoundId;
  /** The hospital with that share. */
  readonly hospital: HospitalAddress;
  /** Of the average's weight, 0 to 1; the plan's `maxSharePermille` bounds it. */
  readonly share: number;
}

/** A member of the federation, with its keys over time. */
export interface MemberReport {
  /** Position in the contract's bitmaps, 0 to 255: what names a member whose key changes. */
  readonly index: number;
  /** As admitted; it never changes. */
  readonly role: MemberRole;
  /** Chain keys, the first to the present one. */
  readonly addresses: readonly HospitalAddress[];
  /** Block time, seconds since 1970. */
  readonly admittedAt: number;
  /** Block time, seconds since 1970; absent while it is a member. */
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

/** Blocks that one endpoint alone showed. */
export interface UnreadBlocks {
  /** Number of the first of them: the next after the newest that another endpoint has. */
  readonly from: number;
  /** Number of the last of them. */
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
  /** Of this form; a change that readers would notice gets another number. */
  readonly version: 1;
  /** What was audited: chain id and contract. */
  readonly federation: FederationId;
  /** What the audit's view of the chain rests on; absent if the ledger does not say. */
  readonly basis?: AuditBasis;
  /** broken before unavailable before verified; empty where no round made a model yet. */
  readonly verdict: AuditVerdict;
  /** The first finding that is broken, or else the first that is unavailable. */
  readonly first?: Finding;
  /** All members ever admitted, by index. */
  readonly members: readonly MemberReport[];
  /** Of the newest round, or as set since it ended. */
  readonly terms?: RoundTerms;
  /** The plans of the rounds that could be read. */
  readonly plans: Readonly<Record<Digest, Plan>>;
  /** What a federation with private sums may open, and has opened; absent without. */
  readonly privateSums?: PrivateSums | undefined;
  /** What the sums opened so far tell of one patient at most; absent without differential privacy. */
  readonly privacyCost?: PrivacyCost | undefined;
  /** The model that the first round began with. */
  readonly genesis?: Digest;
  /** The last final model. */
  readonly model?: Digest;
  /** The final model with the highest AUC on the hospitals' validation patients, the earliest of equals. */
  readonly best?: BestModel;
  /** The most influence that one hospital had on an accepted model. */
  readonly largestShare?: LargestShare;
  /** From the first to the newest, which may still run. */
  readonly rounds: readonly RoundReport[];
  /** About no round in particular: membership, terms. */
  readonly findings: readonly Finding[];
  /** How much was read and checked. */
  readonly counts: {
    /** Events of the contract, from its creation to `until`. */
    readonly events: number;
    /** Rounds that were opened. */
    readonly rounds: number;
    /** Rounds that became final, each with one model. */
    readonly models: number;
    /** Committed updates that were fetched and are valid, over all rounds. */
    readonly updates: number;
    /** Distinct objects whose bytes were hashed and have their digest. */
    readonly objects: number;
    /** Size of these objects together. */
    readonly bytes: number;
  };
  /** The last event that was read. */
  readonly until?: EventPlace;
}

/** Progress of an audit, round by round: started, its updates checked, its findings, audited. */
export type AuditEvent =
  | {
      /** The events of a round have been read; its objects come next. */
      readonly kind: "round-started";
      /** From 1. */
      readonly round: RoundId;
      /** Updates that hospitals committed to, which are now fetched and checked. */
      readonly commitments: number;
    }
  | {
      /** After every four updates, and after the last. */
      readonly kind: "update-checked";
      /** The round of the updates. */
      readonly round: RoundId;
      /** Updates so far: valid, invalid, or served by nobody. */
      readonly done: number;
      /** All updates that were committed in the round. */
      readonly of: number;
    }
  | {
      /** A round's findings come together before its report; those about no round come last. */
      readonly kind: "finding";
      /** Also in the report of its round, or of the federation. */
      readonly finding: Finding;
    }
  | {
      /** With private sums: a round's opened sum tells how the model of an earlier one does. */
      readonly kind: "round-scored";
      /** The round that made the model. */
      readonly round: RoundId;
      /** As that round's report will have it. */
      readonly validation: ValidationReport;
    }
  | {
      /** The round is done. */
      readonly kind: "round-audited";
      /** As the whole report will have it, but for a `validation` that a later round tells. */
      readonly report: RoundReport;
    };

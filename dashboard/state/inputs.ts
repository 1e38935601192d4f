// What the fold takes in: everything that a party, a simulation or an audit tells, and nothing of how it was read.
import type { ErrorFacts } from "../../foundation/errors.ts";
import type { Severity } from "../../protocol/audit/finding.ts";
import type {
  AuditReport,
  HospitalReport,
  ProposalReport,
  RoundReport,
  ValidationReport,
} from "../../protocol/audit/report.ts";
import type { Member, RoundState } from "../../protocol/contract/round.ts";
import type { DashboardState, PartySight } from "./state.ts";

/** An event of a party (node/events.ts, aggregator/events.ts), of which the fold takes what it knows. */
export interface ToldEvent {
  readonly event: string;
  readonly hospital?: string;
  readonly aggregator?: string;
  readonly round?: number;
  readonly step?: number;
  readonly steps?: number;
  readonly loss?: number;
  readonly seconds?: number;
  readonly updateBytes?: number;
  readonly sampleCount?: number;
  readonly member?: string;
  readonly members?: readonly string[];
  readonly code?: string;
  readonly agree?: boolean;
  readonly model?: string;
  readonly opener?: string;
  readonly included?: number;
}

export type DashboardInput =
  | { readonly kind: "event"; readonly event: ToldEvent }
  | {
      readonly kind: "log";
      /** Milliseconds since 1970. */
      readonly at: number;
      readonly level: "warn" | "error";
      readonly party: string;
      readonly event: string;
      readonly facts: ErrorFacts;
    }
  /** The contract as it stands: all members, and the newest rounds, oldest first. */
  | {
      readonly kind: "chain";
      readonly time: number;
      readonly readAt: number;
      readonly members: readonly Pick<Member, "address" | "role" | "active">[];
      readonly rounds: readonly RoundState[];
    }
  /** Names that a simulation gives its parties, by address. */
  | {
      readonly kind: "names";
      readonly members: readonly {
        readonly address: string;
        readonly name: string;
        readonly role: "hospital" | "aggregator";
      }[];
    }
  | { readonly kind: "about"; readonly about: Partial<DashboardState["about"]> }
  | { readonly kind: "sight"; readonly at: number; readonly sight: PartySight }
  | { readonly kind: "audited-round"; readonly report: AuditedRound }
  | {
      readonly kind: "audited";
      readonly at: number;
      readonly report: Pick<AuditReport, "verdict" | "privacyCost"> & { readonly first?: Fault | undefined };
    }
  | { readonly kind: "gas"; readonly spent: readonly GasSpent[] }
  | {
      readonly kind: "round-times";
      readonly times: readonly {
        readonly round: number;
        readonly trainingSeconds: number;
        readonly overheadSeconds: number;
      }[];
    }
  /** On validation patients that a simulation has together, or that a sum of private rounds counts together. */
  | {
      readonly kind: "round-scores";
      readonly rounds: readonly { readonly round: number; readonly validation: ShownValidation }[];
    }
  | { readonly kind: "scores"; readonly scores: DashboardState["scores"] };

type ShownValidation = NonNullable<DashboardState["rounds"][number]["validation"]>;

/** What the page shows of an audited round: a report of an audit has it, and so has the file of one. */
export interface AuditedRound extends Pick<RoundReport, "verdict" | "status"> {
  readonly round: number;
  readonly opener: string;
  readonly plan: string;
  readonly base: string;
  readonly model?: string | undefined;
  readonly hospitals: readonly (Pick<HospitalReport, "contribution" | "sampleCount" | "updateBytes" | "share"> & {
    readonly hospital: string;
  })[];
  readonly proposals: readonly (Pick<ProposalReport, "status"> & {
    readonly included: readonly string[];
    readonly attestations: readonly { readonly hospital: string; readonly agree: boolean }[];
  })[];
  readonly validation?: Pick<ValidationReport, "patients" | "positives" | "auc" | "isAtChance"> | undefined;
  readonly findings: readonly (Fault & { readonly severity: Severity })[];
}

interface Fault {
  readonly code: string;
  readonly text: string;
}

/** One transaction of a round. */
export interface GasSpent {
  readonly round: number;
  readonly account: string;
  readonly gas: number;
}

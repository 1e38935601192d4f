// What the page's auditor, a process of its own, is asked and tells (audit-process.ts).
import type { AuditTarget } from "../../auditor/target.ts";
import type { DashboardInput } from "../../dashboard/state/inputs.ts";

/** The parent's one message. Endpoints may hold credentials: they go through the channel, and in no argument. */
export interface AuditOrder {
  readonly target: AuditTarget;
  readonly maxModelBytes: number;
}

/** The process is the program's own: what it sends is folded as it is. */
export type AuditNews = Extract<DashboardInput, { kind: "audited-round" | "round-scores" | "audited" | "gas" }>;

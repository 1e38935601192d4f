// Holds the audit of many drawn histories against what is true of each.
import fc from "fast-check";
import type { AuditReport } from "../../../protocol/audit/report.ts";
import type { Chain } from "../federation.ts";
import { auditPlayed, holdAgainstTruth } from "./hold-against-truth.ts";
import { playHistory } from "./play.ts";
import type { PlayedHistory } from "./played.ts";
import { historyScript } from "./script.ts";

export interface Held {
  /** How often each verdict was right. */
  readonly verdicts: ReadonlyMap<string, number>;
  /** What happened how often in all histories. */
  readonly seen: ReadonlyMap<string, number>;
}

export interface Draw {
  /** Out of 100: how often members do nothing wrong. */
  readonly honesty: number;
  readonly seed: number;
  readonly numRuns: number;
  readonly audit?: (played: PlayedHistory) => Promise<AuditReport>;
}

/** @throws where an audit says anything else than what is true, with the script */
export async function holdHistories(chain: Chain, { honesty, audit = auditPlayed, ...runs }: Draw): Promise<Held> {
  const verdicts = new Map<string, number>();
  const seen = new Map<string, number>();
  const add = (to: Map<string, number>, what: string, count: number) => to.set(what, (to.get(what) ?? 0) + count);
  const property = fc.asyncProperty(historyScript(honesty), async (script) => {
    const played = await playHistory(chain, script);
    const report = await audit(played);
    holdAgainstTruth(played, report);
    add(verdicts, report.verdict, 1);
    for (const [what, count] of played.seen) add(seen, what, count);
  });
  await fc.assert(property, { ...runs, endOnFailure: true });
  return { verdicts, seen };
}

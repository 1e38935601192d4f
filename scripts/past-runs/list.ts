// The list of past runs, the newest first.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readPastRun } from "../dashboard/run-record.ts";
import { table } from "../terminal/table.ts";

export interface ListedRun {
  readonly name: string;
  readonly state: "finished" | "unfinished";
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly hospitals: number;
  readonly finalRounds: number;
  /** Of its audit; null without one. */
  readonly verdict: string | null;
  /** Of the federated model on held-out test patients; null before they are scored. */
  readonly auc: { readonly value: number; readonly low: number; readonly high: number } | null;
  readonly lastModel: string | null;
}

/** Folders that are no runs, or of another version, are left out. */
export async function listRuns(dir: string): Promise<readonly ListedRun[]> {
  const names = (await readdir(dir).catch(() => [])).sort().reverse();
  const found = await Promise.all(names.map((name) => listed(dir, name).catch(() => undefined)));
  return found.filter((run) => run !== undefined).sort((a, b) => b.started.localeCompare(a.started));
}

async function listed(dir: string, name: string): Promise<ListedRun> {
  const { about, rounds, members, audit, scores } = await readPastRun(join(dir, name));
  const finals = rounds.filter(({ status }) => status === "final");
  return {
    name,
    state: audit ? "finished" : "unfinished",
    started: new Date(about.startedAt).toISOString(),
    hospitals: members.filter(({ role }) => role === "hospital").length,
    finalRounds: finals.length,
    verdict: audit?.verdict ?? null,
    auc: scores.find((each) => each.name === "federated")?.auc ?? null,
    lastModel: finals.at(-1)?.model ?? null,
  };
}

export function runsTable(runs: readonly ListedRun[], dir: string): string {
  if (runs.length === 0) return `no run in ${dir}: consilium simulate makes one`;
  const header = ["run", "started", "hospitals", "rounds", "test AUC", "audit"];
  const rows = runs.map(({ name, started, state, hospitals, finalRounds, verdict, auc }) => [
    name,
    started.slice(0, 16).replace("T", " "),
    hospitals,
    finalRounds,
    auc ? `${auc.value.toFixed(2)} [${auc.low.toFixed(2)}, ${auc.high.toFixed(2)}]` : "",
    verdict ?? state,
  ]);
  return table(header, rows);
}

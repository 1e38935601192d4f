// A past run as the page shows it: the record that the simulation kept, or, of runs without one, what their other files say.
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { fold } from "../../dashboard/state/fold.ts";
import type { DashboardInput } from "../../dashboard/state/inputs.ts";
import { type DashboardState, emptyState, stateSchema } from "../../dashboard/state/state.ts";
import { software } from "../../foundation/version.ts";
import { federationFileSchema } from "../../io/chain/federation-file.ts";
import { auditReportSchema } from "./audit-report-file.ts";

export const recordFile = "dashboard.json";

/** A record of a hundred rounds of a hundred hospitals has some megabytes. */
const largest = 128 << 20;

const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });
const scored = z.object({ balancedAccuracy: estimate, auc: estimate, isAtChance: z.boolean() });
const scoresSchema = z.object({
  models: z.array(scored.extend({ name: z.string() })),
  rounds: z.array(
    scored.extend({
      round: z.number().int(),
      patients: z.number().int(),
      confusion: z.object({ truePositives: z.number().int(), falseNegatives: z.number().int() }),
    }),
  ),
});
const timesSchema = z.array(
  z.object({ round: z.number().int(), trainingSeconds: z.number(), overheadSeconds: z.number() }),
);

interface ScoredModel {
  readonly name: string;
  readonly scores: Omit<DashboardState["scores"][number], "name">;
}

/** Models beside the federated one, as the page lists them. */
export function scoresShown(models: readonly ScoredModel[]): DashboardState["scores"] {
  return models.map(({ name, scores: { balancedAccuracy, auc, isAtChance } }) => ({
    ...{ name, balancedAccuracy, auc, isAtChance },
  }));
}

/** Scores of each round's model on all validation patients, which only a simulation has together. */
export function roundScores(rounds: z.output<typeof scoresSchema>["rounds"]): DashboardInput {
  const validations = rounds.map(({ round, auc, patients, confusion, isAtChance }) => {
    const positives = confusion.truePositives + confusion.falseNegatives;
    return { round, validation: { auc, patients, positives, isAtChance } };
  });
  return { kind: "round-scores", rounds: validations };
}

/** The state that the run kept; undefined where it kept none that can be read. */
export async function readRecord(runDir: string): Promise<DashboardState | undefined> {
  return readJson(join(runDir, recordFile), stateSchema);
}

/** What the run's audit says of its rounds; nothing before the audit. */
export async function readAudited(runDir: string): Promise<readonly DashboardInput[]> {
  const file = join(runDir, "audit", "report.json");
  const report = await readJson(file, auditReportSchema);
  if (!report) return [];
  const at = (await stat(file)).mtimeMs;
  return [
    ...report.rounds.map((round): DashboardInput => ({ kind: "audited-round", report: round })),
    { kind: "audited", at, report },
  ];
}

/** The record of a run, or a state made of its other files. */
export async function readPastRun(runDir: string): Promise<DashboardState> {
  const record = await readRecord(runDir);
  const isSynthetic = await hasSyntheticSlices(runDir);
  if (record)
    return { ...record, about: { ...record.about, hasSlices: isSynthetic, endedAt: record.about.endedAt ?? 0 } };
  const [folder, info] = [await stat(runDir), await stat(join(runDir, "run.json"))];
  const federation = await readJson(join(runDir, "federation.json"), federationFileSchema);
  const start = emptyState({
    ...{ kind: "simulation", title: basename(runDir), software, stage: "past run", hasSlices: isSynthetic },
    ...{ startedAt: folder.birthtimeMs || info.mtimeMs, endedAt: info.mtimeMs },
    ...{ chainId: federation?.chainId, contract: federation?.contract },
  });
  const scores = await readJson(join(runDir, "scores.json"), scoresSchema);
  const times = await readJson(join(runDir, "rounds.json"), timesSchema);
  const inputs: readonly DashboardInput[] = [
    ...(await readMembers(runDir)),
    ...(await readAudited(runDir)),
    ...(scores ? [roundScores(scores.rounds)] : []),
    ...(scores
      ? [
          {
            kind: "scores" as const,
            scores: scoresShown(scores.models.map((each) => ({ name: each.name, scores: each }))),
          },
        ]
      : []),
    ...(times ? [{ kind: "round-times" as const, times }] : []),
  ];
  return inputs.reduce(fold, start);
}

/** Pictures are shown of patients that the simulation drew, and of no others. */
export async function hasSyntheticSlices(runDir: string): Promise<boolean> {
  const settings = z.object({ settings: z.object({ archive: z.string().optional() }).passthrough() }).passthrough();
  const record = await readJson(join(runDir, "run.json"), settings);
  return record !== undefined && record.settings.archive === undefined && existsSync(join(runDir, "examples.png"));
}

const keystoreSchema = z.object({ address: z.string().regex(/^(0x)?[0-9a-f]{40}$/i) });

/** The parties' names, by the addresses in their keystores. */
async function readMembers(runDir: string): Promise<readonly DashboardInput[]> {
  const report = await readJson(join(runDir, "audit", "report.json"), auditReportSchema);
  if (!report) return [];
  const names = new Map<string, string>();
  const count = report.members.length;
  for (const name of ["aggregator", ...Array.from({ length: count }, (_, index) => `hospital-${index + 1}`)]) {
    const keystore = await readJson(join(runDir, name, "keystore.json"), keystoreSchema);
    if (keystore) names.set(`0x${keystore.address.replace(/^0x/i, "").toLowerCase()}`, name);
  }
  const members = report.members.map(({ addresses, role }) => {
    const address = addresses.at(-1)!;
    return { address, role, name: names.get(address) ?? address };
  });
  return [{ kind: "names", members }];
}

/** Undefined for a file that is absent, too large, or something else. */
async function readJson<Schema extends z.ZodTypeAny>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  try {
    if ((await stat(path)).size > largest) return undefined;
    const parsed = schema.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

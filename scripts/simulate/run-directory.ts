// The folder of a simulation: settings, import, keys, chain, models, logs and scores. run.json decides whether a later start
// can resume it.
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { makePrivateFolder } from "../../foundation/private-files.ts";
import { type Settings, settingsSchema } from "./settings.ts";

/** Increased when earlier run directories cannot be resumed. */
const layoutVersion = 1;

const recordSchema = z
  .object({ layout: z.number(), settings: settingsSchema, finished: z.boolean(), stages: z.array(z.string()) })
  .strict();

export interface RunDirectory {
  readonly path: string;
  readonly settings: Settings;
  readonly finished: boolean;
  /** Whether a stage was finished by an earlier start. */
  done(stage: string): boolean;
  /** Notes a stage as finished, so that a later start skips it. */
  markDone(stage: string): Promise<void>;
  markFinished(): Promise<void>;
  /** A path inside. */
  at(...parts: string[]): string;
}

/** The newest run below `runs` that has not finished, by name (names are times). */
export async function newestUnfinished(runs: string): Promise<string | undefined> {
  const names = (await readdir(runs).catch(() => [])).sort().reverse();
  for (const name of names) {
    const record = await readRecord(join(runs, name)).catch(() => undefined);
    if (record && !record.finished) return join(runs, name);
  }
  return undefined;
}

/**
 * Creates a run directory, or opens one to resume.
 * @throws RUN_EXISTS, RUN_UNKNOWN, RUN_VERSION, RUN_FOREIGN
 */
export async function openRunDirectory(
  path: string,
  mode: { readonly kind: "new"; readonly settings: Settings; readonly fresh: boolean } | { readonly kind: "resume" },
): Promise<RunDirectory> {
  const exists = existsSync(join(path, "run.json"));
  if (mode.kind === "resume") {
    if (!exists) throw new FedError("RUN_UNKNOWN", { path }, { remedy: "start one without --resume" });
    return runDirectory(path, await readRecord(path));
  }
  if (!exists && (await readdir(path).catch(() => [])).length > 0) {
    throw new FedError("RUN_FOREIGN", { path }, { remedy: "give --run-dir an empty or a new folder" });
  }
  if (exists && !mode.fresh) {
    await readRecord(path); // throws RUN_VERSION first
    throw new FedError("RUN_EXISTS", { path }, { remedy: "add --resume to go on with it, or --fresh to start anew" });
  }
  if (exists) await rm(path, { recursive: true });
  const record = { layout: layoutVersion, settings: mode.settings, finished: false, stages: [] };
  // Shards, and pictures of scans, of whatever archive the run was given.
  await makePrivateFolder(path);
  await writeRecord(path, record);
  return runDirectory(path, record);
}

function runDirectory(path: string, opened: z.output<typeof recordSchema>): RunDirectory {
  let record = opened;
  const save = (changes: Partial<typeof record>) => {
    record = { ...record, ...changes };
    return writeRecord(path, record);
  };
  return {
    path,
    settings: record.settings,
    finished: record.finished,
    done: (stage) => record.stages.includes(stage),
    markDone: (stage) => save({ stages: [...record.stages, stage] }),
    markFinished: () => save({ finished: true }),
    at: (...parts) => join(path, ...parts),
  };
}

async function readRecord(path: string): Promise<z.output<typeof recordSchema>> {
  const raw: unknown = JSON.parse(await readFile(join(path, "run.json"), "utf8"));
  const { layout } = z.object({ layout: z.unknown() }).passthrough().parse(raw);
  if (layout !== layoutVersion) {
    const remedy = "start anew with --fresh, or in another --run-dir";
    throw new FedError("RUN_VERSION", { path, found: String(layout), expected: layoutVersion }, { remedy });
  }
  return recordSchema.parse(raw);
}

async function writeRecord(path: string, record: z.output<typeof recordSchema>): Promise<void> {
  const temporary = join(path, "run.json.tmp");
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`);
  await rename(temporary, join(path, "run.json"));
}

// The simulation's data: an archive of real DICOM files, written if none was given, imported once, and dealt to the
// hospitals by patient.
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../foundation/sha256.ts";
import { importArchive } from "../../imaging/import/import-archive.ts";
import { defaultShape } from "../../imaging/import/normalise.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import { partitionShard } from "../../imaging/shard/partition-shard.ts";
import { openShard } from "../../imaging/shard/shard.ts";
import { windowNames } from "../../imaging/volume/intensity.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import { withZipPassword } from "../terminal/zip-password.ts";
import { hospitalName } from "./identities.ts";
import type { RunDirectory } from "./run-directory.ts";
import { done, type Screen } from "./screen.ts";

/** The hospitals' shards. */
export interface Data {
  /** The shard with every patient, which only a simulation has. */
  readonly pool: string;
  readonly shards: readonly string[];
  /** Most slices of any scan. */
  readonly mostSlices: number;
}

/** A larger test split than a hospital's, so that a few dozen synthetic patients give a useful interval. */
const shares = { train: 0.6, validation: 0.15, test: 0.25 };

/** @throws what the archive, the import and the partition refuse */
export async function prepareData(
  run: RunDirectory,
  { input, screen }: { readonly input: ModelSpec["input"]; readonly screen: Screen },
  signal: AbortSignal,
): Promise<Data> {
  const pool = run.at("import");
  const shards = Array.from({ length: run.settings.hospitals }, (_, index) => run.at(hospitalName(index), "shard"));
  const archive = run.settings.archive ?? (await synthesise(run, screen, signal));
  if (!run.done("import")) {
    await rm(pool, { recursive: true, force: true });
    await importPool(run, { archive, pool, input, screen }, signal);
    await run.markDone("import");
  }
  if (!run.done("partition")) {
    for (const shard of shards) {
      await rm(shard, { recursive: true, force: true });
      await mkdir(join(shard, ".."), { recursive: true });
    }
    const [kind, alpha] = run.settings.partition.split(":") as ["equal" | "dirichlet" | "scanner" | "size", string?];
    const { seed } = run.settings;
    await partitionShard(pool, shards, { kind, seed, alpha: alpha === undefined ? undefined : Number(alpha) });
    await run.markDone("partition");
  }
  await tell(shards, screen);
  return { pool, shards, mostSlices: await mostSlicesOf(pool) };
}

async function synthesise(run: RunDirectory, screen: Screen, signal: AbortSignal): Promise<string> {
  const dir = run.at("archive");
  if (run.done("archive")) return dir;
  await rm(dir, { recursive: true, force: true });
  const { patients, matrix, seed } = run.settings;
  const work = writeSyntheticArchive(dir, { patients, matrix, seed }, { signal });
  for (;;) {
    const step = await work.next();
    if (!step.done) {
      screen.bar("archive").update(step.value.done, step.value.total, "patients");
      continue;
    }
    const { files, bytes } = step.value;
    screen.say(
      done("archive", `${patients} synthetic patients, ${files} DICOM files, ${(bytes / 2 ** 20).toFixed(0)} MiB`),
    );
    await run.markDone("archive");
    return dir;
  }
}

async function importPool(
  run: RunDirectory,
  { archive, pool, input, screen }: { archive: string; pool: string; input: ModelSpec["input"]; screen: Screen },
  signal: AbortSignal,
): Promise<void> {
  const { seed, labels, passwordFile } = run.settings;
  const keyFile = run.at("pseudonym-key");
  if (!existsSync(keyFile)) {
    // Derived from the seed, so that a simulation is reproducible to the bit; a hospital's key is random.
    const key = Buffer.from(sha256(`consilium simulation ${seed} pseudonyms`)).toString("hex");
    await writeFile(keyFile, `${key}\n`, { mode: 0o600 });
  }
  await withZipPassword({ passwordFile }, async (password) => {
    const work = importArchive(
      archive,
      pool,
      { keyFile, seed, shares, shape: shapeOf(input), labels, password },
      { signal },
    );
    for (;;) {
      const step = await work.next();
      if (step.done) return;
      screen.bar("import").update(step.value.done, step.value.total, step.value.stage);
    }
  });
}

async function mostSlicesOf(pool: string): Promise<number> {
  const shard = await openShard(pool);
  await shard.close();
  return Math.max(...shard.scans.map(({ slices }) => slices));
}

/** The shape that the plan's network takes. */
function shapeOf({ slices, height, width, channels }: ModelSpec["input"]) {
  const maxSlices = Math.max(slices, defaultShape.maxSlices);
  return { height, width, windows: windowNames.slice(0, channels), maxSlices };
}

async function tell(shards: readonly string[], screen: Screen): Promise<void> {
  const counts = await Promise.all(
    shards.map(async (dir) => {
      const shard = await openShard(dir);
      const positive = shard.scans.filter(({ label }) => label === 1).length;
      const held = new Set(shard.scans.filter(({ split }) => split === "test").map(({ patient }) => patient)).size;
      await shard.close();
      return { text: `${positive}+${shard.scans.length - positive}`, patients: shard.scans.length, held };
    }),
  );
  const patients = counts.reduce((sum, each) => sum + each.patients, 0);
  const held = counts.reduce((sum, each) => sum + each.held, 0);
  const listed = counts.slice(0, 8).map(({ text }) => text);
  const dealt = listed.join(", ") + (counts.length > listed.length ? ", …" : "");
  screen.say(
    done(
      "data",
      `${patients} patients, ${held} held out for the test; positive+negative at ${counts.length} hospitals: ${dealt}`,
    ),
  );
}

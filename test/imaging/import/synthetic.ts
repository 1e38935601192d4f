// Small synthetic archives and imports for the tests of this folder.
import { join } from "node:path";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import type { ImportOptions } from "../../../imaging/import/import-options.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { type ArchiveOptions, writeSyntheticArchive } from "../../../imaging/phantom/write-archive.ts";

/** Coarse, but chests in which the lungs are found. */
export async function writeArchive(dir: string, options: Partial<ArchiveOptions> = {}): Promise<string> {
  const work = writeSyntheticArchive(dir, { patients: 6, seed: 5, matrix: 64, slices: [8, 9], ...options });
  while (!(await work.next()).done);
  return dir;
}

/** Imports with one decoder thread and a key beside the shard. */
export async function importInto(
  source: string,
  dir: string,
  options: Partial<ImportOptions> = {},
  { signal, onPatient }: { signal?: AbortSignal; onPatient?: () => void } = {},
): Promise<ImportSummary> {
  const asked = { keyFile: join(dir, "..", "key"), workers: 1, ...options };
  const work = importArchive(source, dir, asked, { signal });
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
    if (step.value.stage === "patients") onPatient?.();
  }
}

/** The code of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

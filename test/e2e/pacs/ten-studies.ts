// Ten studies for a PACS, and the shard that the same files give from a folder.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { phantomFiles, writeInto } from "../../imaging/import/phantom-archive.ts";

export const patientIds = Array.from({ length: 10 }, (_, index) => `P${index}`);
const slices = 8;

export function optionsIn(root: string) {
  return { keyFile: join(root, "key"), labels: join(root, "labels.csv"), workers: 1 };
}

/** Writes the archive, its labels and its shard. */
export async function prepareStudies(root: string): Promise<void> {
  for (const [index, id] of patientIds.entries()) {
    const files = phantomFiles({ index, id, study: uidFor("study", id) });
    for (const [slice, bytes] of files.entries()) await writeInto(join(root, "archive", id, `${slice}.dcm`), bytes);
  }
  await writeFile(
    join(root, "labels.csv"),
    `PatientID,label\n${patientIds.map((id, index) => `${id},${index % 2}\n`).join("")}`,
  );
  await drainImport(importArchive(join(root, "archive"), join(root, "from-folder"), optionsIn(root)));
}

/** Files of the archive, for a server that does not have them yet. */
export async function* archiveFiles(root: string, ids: readonly string[] = patientIds): AsyncGenerator<Buffer> {
  for (const id of ids)
    for (let slice = 0; slice < slices; slice++) yield readFile(join(root, "archive", id, `${slice}.dcm`));
}

/** The same pixels, root, labels and splits: what the names of files have no part in. */
export async function isSame(root: string, name: string): Promise<boolean> {
  const read = async (dir: string) => {
    const { source: _, scans, ...index } = JSON.parse(await readFile(join(dir, "shard.json"), "utf8"));
    const own = (scans as { inputs: string }[]).map(({ inputs: __, ...scan }) => scan);
    const pixels = (await readFile(join(dir, "pixels.bin"))).toString("base64");
    return JSON.stringify([index, own, pixels]);
  };
  return (await read(join(root, name))) === (await read(join(root, "from-folder")));
}

export async function drainImport(
  work: ReturnType<typeof importArchive>,
  onPatient: (done: number) => void = () => {},
  onExamined: () => Promise<void> = async () => {},
): Promise<ImportSummary> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
    const { stage, done, total } = step.value;
    if (stage === "files" && done === total) await onExamined();
    if (stage === "patients") onPatient(done);
  }
}

export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: { code?: string }) => String(error.code ?? error),
  );
}

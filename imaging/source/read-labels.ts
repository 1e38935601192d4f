// Where an archive's labels are: in the CSV that was given, in one that lies in the archive, or in the names of folders.
import { readFile } from "node:fs/promises";
import { FedError } from "../../foundation/errors.ts";
import type { FileList } from "./file-list.ts";
import { type Labels, labelsFromCsv, labelsFromFolders } from "./labels.ts";
import { readBytes } from "./listing.ts";

/** @throws {FedError} LABELS_UNREADABLE, LABELS_MALFORMED, LABELS_CONTRADICT */
export async function readLabels(
  files: FileList,
  given: string | undefined,
): Promise<{ readonly labels: Labels; readonly text: string | undefined }> {
  const text = given === undefined ? await ownCsv(files) : await readCsv(given);
  return { labels: text === undefined ? labelsFromFolders(files) : labelsFromCsv(text), text };
}

function readCsv(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new FedError("LABELS_UNREADABLE", { labels: path }, { cause, remedy: "give a CSV that you may read" });
  });
}

async function ownCsv(files: FileList): Promise<string | undefined> {
  for (const file of files) {
    const isOwn = file.parts.length <= 2 && /^(labels|data_file)\.csv$/i.test(file.parts.at(-1)!);
    if (isOwn) return Buffer.from(await readBytes(file)).toString("utf8");
  }
  return undefined;
}

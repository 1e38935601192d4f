// Where an archive's labels are: in the CSV that was given, in one that lies in the archive, or in the names of folders.
import { readFile } from "node:fs/promises";
import { FedError } from "../../protocol/errors.ts";
import { type Labels, labelsFromCsv, labelsFromFolders } from "./labels.ts";
import { type ListedFile, readBytes } from "./listing.ts";

/** @throws {FedError} LABELS_UNREADABLE, LABELS_MALFORMED, LABELS_CONTRADICT */
export async function readLabels(
  files: readonly ListedFile[],
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

async function ownCsv(files: readonly ListedFile[]): Promise<string | undefined> {
  const own = files.find(({ parts }) => parts.length <= 2 && /^(labels|data_file)\.csv$/i.test(parts.at(-1)!));
  return own ? Buffer.from(await readBytes(own)).toString("utf8") : undefined;
}

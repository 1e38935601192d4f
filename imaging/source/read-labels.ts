// Finds an archive's labels: in the given CSV, in a CSV within the archive, or else in the names of folders.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { FedError } from "../../foundation/errors.ts";
import type { FileList, ListedFile } from "./file-list.ts";
import { readLabelRows } from "./label-rows.ts";
import { readBytes } from "./listing.ts";
import type { LabelRow } from "./row-labels.ts";

export interface ArchiveLabels {
  /** Undefined if the names of folders give the labels. */
  readonly rows: readonly LabelRow[] | undefined;
  /** Changes with the CSV. */
  readonly version: string;
}

/** @throws LABELS_UNREADABLE, LABELS_MALFORMED, LABELS_CONTRADICT, LABELS_SEVERAL */
export async function readLabels(files: FileList, given: string | undefined): Promise<ArchiveLabels> {
  const bytes = given === undefined ? await ownCsv(files) : await readCsv(given);
  if (bytes === undefined) return { rows: undefined, version: "" };
  return { rows: readLabelRows(bytes), version: createHash("sha256").update(bytes).digest("hex") };
}

/** The path is not repeated: it may name a patient. */
function readCsv(path: string): Promise<Uint8Array> {
  return readFile(path).catch(unreadable);
}

/** One that is there and cannot be read never leaves the labels to the folders. */
async function readOwn(file: ListedFile): Promise<Uint8Array> {
  return file.refusal ? unreadable(file.refusal) : readBytes(file).catch(unreadable);
}

function unreadable({ code }: { readonly code?: string }): never {
  throw new FedError("LABELS_UNREADABLE", { reason: code ?? "" }, { remedy: "give --labels a CSV that you may read" });
}

async function ownCsv(files: FileList): Promise<Uint8Array | undefined> {
  const own: ListedFile[] = [];
  for (const file of files) {
    if (file.parts.length <= 2 && /^(labels|data_file)\.csv$/i.test(file.parts.at(-1)!)) own.push(file);
  }
  const [first, ...others] = await Promise.all(own.map(readOwn));
  if (others.some((other) => Buffer.compare(first!, other) !== 0)) {
    throw new FedError("LABELS_SEVERAL", { lists: own.length });
  }
  return first;
}

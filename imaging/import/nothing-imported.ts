// The error of an import without any result: it names the true cause, and lists what was refused.
import { type ErrorFacts, FedError } from "../../foundation/errors.ts";
import type { QuarantineEntry } from "../shard/quarantine.ts";

/** A file that could not be read, by its number in the archive's natural order: there may be no key for pseudonyms yet. */
export interface RefusedFile {
  readonly number: number;
  readonly code: string;
  readonly remedy: string;
}

export class NothingImported extends FedError {
  readonly refusedFiles: readonly RefusedFile[];
  /** About patients and series. */
  readonly entries: readonly QuarantineEntry[];

  constructor(
    code: "ARCHIVE_NO_CT" | "NO_SCANS" | "LABELS_ONE_CLASS",
    facts: ErrorFacts,
    {
      refusedFiles,
      entries,
      remedy,
    }: { refusedFiles: readonly RefusedFile[]; entries: readonly QuarantineEntry[]; remedy: string },
  ) {
    super(code, facts, { remedy });
    this.refusedFiles = refusedFiles;
    this.entries = entries;
  }

  /** What --json prints beside the code. */
  get details(): Pick<NothingImported, "refusedFiles" | "entries"> {
    const { refusedFiles, entries } = this;
    return { refusedFiles, entries };
  }
}

/** "LABELS_CONTRADICT 2, DICOM_TRUNCATED 1": the most frequent reasons first. */
export function reasonsOf(codes: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, 5)
    .map(([code, count]) => `${code} ${count}`)
    .join(", ");
}

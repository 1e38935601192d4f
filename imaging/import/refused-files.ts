// Files that cannot be read, as an archive is examined. A hundred may be damaged, or a million foreign: each is listed as
// long as there are few, and beyond that they are counted by reason, so that no list fills the memory.
import { type QuarantineEntry, quarantineEntry } from "../shard/quarantine.ts";
import type { RefusedFile } from "./nothing-imported.ts";

/** Of one reason. */
const mostListed = 1000;
/** For the message of an import without any result. */
const mostShown = 50;

export interface RefusedFiles {
  readonly count: number;
  /** @param place pseudonym of the file, and its number in the archive's natural order */
  add(error: unknown, place: { readonly file: string; readonly number: number }): void;
  entries(): QuarantineEntry[];
  /** The code of each file. */
  codes(): Iterable<string>;
  /** Some of the first files of each reason. */
  first(): readonly RefusedFile[];
}

export function openRefusedFiles(): RefusedFiles {
  const listed: QuarantineEntry[] = [];
  const shown: RefusedFile[] = [];
  const counted = new Map<string, { readonly entry: QuarantineEntry; files: number }>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(error, { file, number }) {
      const entry = quarantineEntry(error, { what: "file", file, files: 1 });
      const so = counted.get(entry.code);
      if (so) so.files++;
      else counted.set(entry.code, { entry, files: 1 });
      count++;
      if ((so?.files ?? 1) <= mostListed) listed.push(entry);
      if ((so?.files ?? 1) <= mostShown) shown.push({ number, code: entry.code, remedy: entry.remedy });
    },
    entries() {
      const more = [...counted.values()].filter(({ files }) => files > mostListed);
      return [
        ...listed,
        // Facts of one file are not true of all.
        ...more.map(({ entry: { what, code, remedy }, files }) => {
          return { what, code, remedy, facts: { isCounted: true }, files: files - mostListed };
        }),
      ];
    },
    *codes() {
      for (const [code, { files }] of counted) for (let file = 0; file < files; file++) yield code;
    },
    first: () => shown.toSorted((a, b) => a.number - b.number),
  };
}

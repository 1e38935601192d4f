// Files that cannot be read, as an archive is gone through. A hundred may be damaged, or a million foreign: each is listed
// while they can be looked at one by one, and beyond that they are counted by reason, so that no list fills the memory.
import { type QuarantineEntry, quarantineEntry } from "../shard/quarantine.ts";

/** Of one reason. */
const mostListed = 1000;

export interface RefusedFiles {
  /** @param file its pseudonym */
  add(error: unknown, file: string): void;
  entries(): QuarantineEntry[];
}

export function openRefusedFiles(): RefusedFiles {
  const listed: QuarantineEntry[] = [];
  const counted = new Map<string, { readonly entry: QuarantineEntry; files: number }>();
  return {
    add(error, file) {
      const entry = quarantineEntry(error, { what: "file", file, files: 1 });
      const so = counted.get(entry.code);
      if (so) so.files++;
      else counted.set(entry.code, { entry, files: 1 });
      if ((so?.files ?? 1) <= mostListed) listed.push(entry);
    },
    entries() {
      const more = [...counted.values()].filter(({ files }) => files > mostListed);
      return [
        ...listed,
        // What was said of one file is not true of all.
        ...more.map(({ entry: { what, code, remedy }, files }) => {
          return { what, code, remedy, facts: { isCounted: true }, files: files - mostListed };
        }),
      ];
    },
  };
}

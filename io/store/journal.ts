// A party's own notes, such as the update that it is about to commit: what must survive a kill at any instant.
import type { Journal } from "../../protocol/ports.ts";
import type { StoreLevel } from "./level.ts";

/** The journal in an open database; writes are synced before they resolve. */
export function openJournal(level: StoreLevel): Journal {
  return {
    get: (key) => level.get("journal", key),
    write: (entries) =>
      level.write(Object.entries(entries).map(([key, value]) => ({ space: "journal" as const, key, value }))),
    keys: (prefix) => level.keys("journal", prefix),
  };
}

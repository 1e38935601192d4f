// A party's own notes, such as the update that it is about to commit: what must survive a kill at any instant.
import type { Journal } from "../../protocol/ports.ts";
import type { StoreLevel } from "./level.ts";

/** Larger notes, such as residuals, are read from the disk each time, bytes. */
const rememberedBytes = 4096;

/**
 * The journal in an open database; writes are synced before they resolve. A party looks at its small notes whenever
 * anything changes, and nobody else writes them: they are remembered.
 */
export function openJournal(level: StoreLevel): Journal {
  const remembered = new Map<string, Uint8Array | undefined>();
  let writes = 0;
  return {
    async get(key) {
      if (remembered.has(key)) return remembered.get(key);
      const before = writes;
      const value = await level.get("journal", key);
      // What was read during a write may be from before it.
      if (writes === before && (value?.byteLength ?? 0) <= rememberedBytes) remembered.set(key, value);
      return value;
    },
    async write(entries) {
      const all = Object.entries(entries);
      writes++;
      try {
        await level.write(all.map(([key, value]) => ({ space: "journal" as const, key, value })));
      } finally {
        writes++;
        for (const [key] of all) remembered.delete(key);
      }
    },
    keys: (prefix) => level.keys("journal", prefix),
  };
}

// How often an import refused something, by reason: counts alone, no pseudonym.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PartySight } from "../../dashboard/state/state.ts";
import { quarantineSchema } from "../../imaging/shard/quarantine.ts";
import { shardFiles } from "../../imaging/shard/shard-format.ts";

const largest = 64 << 20;
const mostReasons = 200;

/** Undefined where there is no shard, or its list cannot be read. */
export async function quarantineCounts(shard: string | undefined): Promise<PartySight["quarantine"]> {
  if (shard === undefined) return undefined;
  const path = join(shard, shardFiles.quarantine);
  try {
    if ((await stat(path)).size > largest) return undefined;
    const { entries } = quarantineSchema.parse(JSON.parse(await readFile(path, "utf8")));
    const counts = new Map<string, { code: string; what: "scan" | "series" | "file"; entries: number }>();
    for (const { code, what } of entries) {
      const counted = counts.get(`${what} ${code}`) ?? { code, what, entries: 0 };
      counts.set(`${what} ${code}`, { ...counted, entries: counted.entries + 1 });
    }
    return [...counts.values()].sort((a, b) => b.entries - a.entries).slice(0, mostReasons);
  } catch {
    return undefined; // the page shows no counts; the node itself says what is wrong with the shard
  }
}

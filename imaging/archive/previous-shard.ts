// Scans of the shard that an import is going to replace: a patient whose files are the same is not normalised again.
import { isDeepStrictEqual } from "node:util";
import { isFedError } from "../../protocol/errors.ts";
import { readQuarantine } from "./import-summary.ts";
import type { PatientResult } from "./normalise-patient.ts";
import { openShard } from "./shard.ts";
import { readShardIndex, type SplitRule } from "./shard-format.ts";
import type { SplitName } from "./split-patients.ts";

export interface PreviousShard {
  /** What became of a patient of these inputs (scan-records.ts), if it became a scan and its pixels are still whole. */
  find(inputs: string): PatientResult | undefined;
  /** Split of each patient, where it was split by the same rule: nobody moves from the test to what is learned from. */
  splitsBy(rule: SplitRule): ReadonlyMap<string, SplitName>;
  close(): Promise<void>;
}

/** One that finds nothing where there is no shard, or a damaged one. */
export async function openPreviousShard(dir: string): Promise<PreviousShard> {
  try {
    const index = await readShardIndex(dir);
    const { entries } = await readQuarantine(dir, index.quarantine);
    const shard = await openShard(dir);
    const places = new Map(index.scans.map(({ inputs }, place) => [inputs, place]));
    return {
      find(inputs) {
        const place = places.get(inputs);
        const record = place === undefined ? undefined : index.scans[place];
        if (place === undefined || !record) return undefined;
        const { patient, slices, series, facts } = record;
        try {
          const scan = { slices, series, facts, pixels: shard.read(place) };
          return { scan, quarantined: entries.filter((entry) => entry.patient === patient) };
        } catch (error) {
          if (isFedError(error, "SHARD_DAMAGED")) return undefined;
          throw error;
        }
      },
      splitsBy: (rule) =>
        new Map(isDeepStrictEqual(rule, index.rule) ? index.scans.map(({ patient, split }) => [patient, split]) : []),
      close: () => shard.close(),
    };
  } catch (error) {
    if (!isFedError(error, "SHARD_NOT_FOUND", "SHARD_DAMAGED")) throw error;
    return { find: () => undefined, splitsBy: () => new Map(), close: async () => {} };
  }
}

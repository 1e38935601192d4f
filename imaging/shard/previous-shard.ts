// Scans of the shard that an import is going to replace: a patient whose files are the same is not normalised again.
import { isDeepStrictEqual } from "node:util";
import { isFedError } from "../../foundation/errors.ts";
import type { PatientResult } from "../import/normalise-patient.ts";
import { findOutcomes } from "../import/outcomes.ts";
import { openShard } from "./shard.ts";
import { readShardIndex, type SplitRule } from "./shard-format.ts";
import type { SplitName } from "./split-patients.ts";

export interface PreviousShard {
  /** What became of a patient of these inputs (scan-records.ts), where a scan's pixels are still whole. */
  find(inputs: string): Promise<PatientResult | undefined>;
  /** Split of each patient, where it was split by the same rule: nobody moves from the test to what is learned from. */
  splitsBy(rule: SplitRule): ReadonlyMap<string, SplitName>;
  close(): Promise<void>;
}

/** One that finds nothing where there is no shard, or a damaged one. */
export async function openPreviousShard(dir: string): Promise<PreviousShard> {
  try {
    const index = await readShardIndex(dir);
    const shard = await openShard(dir);
    const outcomes = await findOutcomes(dir);
    const places = new Map(index.scans.map(({ inputs }, place) => [inputs, place]));
    return {
      async find(inputs) {
        const outcome = await outcomes?.find(inputs);
        if (!outcome) return undefined;
        if (!outcome.scan) return { quarantined: outcome.quarantined };
        const place = places.get(inputs);
        if (place === undefined) return undefined;
        const { slices, series, facts, choice } = outcome.scan;
        try {
          return {
            scan: { slices, series, facts, choice, pixels: shard.read(place) },
            quarantined: outcome.quarantined,
          };
        } catch (error) {
          if (isFedError(error, "SHARD_DAMAGED")) return undefined;
          throw error;
        }
      },
      splitsBy: (rule) =>
        new Map(isDeepStrictEqual(rule, index.rule) ? index.scans.map(({ patient, split }) => [patient, split]) : []),
      async close() {
        await shard.close();
        await outcomes?.close();
      },
    };
  } catch (error) {
    if (!isFedError(error, "SHARD_NOT_FOUND", "SHARD_DAMAGED")) throw error;
    return { find: async () => undefined, splitsBy: () => new Map(), close: async () => {} };
  }
}

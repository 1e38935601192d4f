// Scans of the shard that an import replaces: patients with unchanged files are not normalised again.
import { isDeepStrictEqual } from "node:util";
import { isFedError } from "../../foundation/errors.ts";
import type { PatientResult } from "../import/normalise-patient.ts";
import { findOutcomes } from "../import/outcomes.ts";
import { openShard } from "./shard.ts";
import { readShardIndex, type SplitRule } from "./shard-format.ts";
import type { SplitName } from "./split-patients.ts";

export interface PreviousShard {
  /** The outcome for these inputs (scan-records.ts), if the scan's pixels are still intact. */
  find(inputs: string): Promise<PatientResult | undefined>;
  /** Split of each patient, if the rule is the same: test patients never enter training. */
  splitsBy(rule: SplitRule): ReadonlyMap<string, SplitName>;
  close(): Promise<void>;
}

/** Opens the shard; without one, or with a damaged one, nothing is found. */
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

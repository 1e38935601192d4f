// Scans of the shard that an import replaces: patients with unchanged files are not normalised again.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isFedError } from "../../foundation/errors.ts";
import { readReport, splitsOfReport } from "../import/import-report.ts";
import type { PatientResult } from "../import/normalise-patient.ts";
import { findOutcomes } from "../import/outcomes.ts";
import { openShard } from "./shard.ts";
import { readShardIndex, type SplitRule, shardFiles } from "./shard-format.ts";
import type { SplitName } from "./split-patients.ts";

export interface PreviousShard {
  /** The outcome for these inputs (scan-records.ts), if the scan's pixels are still intact. */
  find(inputs: string): Promise<PatientResult | undefined>;
  /** Split of each patient, if the rule is the same: test patients never enter training. */
  splitsBy(rule: SplitRule): ReadonlyMap<string, SplitName>;
  close(): Promise<void>;
}

/** Whether all files of a shard are there, none of them cut off; pixels are verified when they are read. */
export async function hasAllFiles(dir: string): Promise<boolean> {
  try {
    await (await openShard(dir)).close();
    await Promise.all(Object.values(shardFiles).map((name) => access(join(dir, name))));
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens the shard; without one, nothing is found. Where pixels or index are damaged, everybody stays in their split: the report
 * says it too.
 *
 * @throws SHARD_DAMAGED where neither index nor report say who was in which split
 */
export async function openPreviousShard(dir: string): Promise<PreviousShard> {
  try {
    const index = await readShardIndex(dir);
    const shard = await openShard(dir).catch(ifDamaged);
    const outcomes = await findOutcomes(dir);
    const splits = new Map(index.scans.map(({ patient, split }) => [patient, split]));
    const places = new Map(index.scans.map(({ inputs }, place) => [inputs, place]));
    return {
      async find(inputs) {
        const outcome = await outcomes?.find(inputs);
        if (!outcome) return undefined;
        if (!outcome.scan) return { quarantined: outcome.quarantined };
        const place = places.get(inputs);
        if (place === undefined || !shard) return undefined;
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
      splitsBy: (rule) => (isDeepStrictEqual(rule, index.rule) ? splits : new Map()),
      async close() {
        await shard?.close();
        await outcomes?.close();
      },
    };
  } catch (error) {
    ifDamaged(error);
    const known = splitsOfReport(await readReport(dir));
    // Dealt anew, a test patient could come into training.
    if (!known && isFedError(error, "SHARD_DAMAGED")) throw error;
    return {
      find: async () => undefined,
      splitsBy: (rule) => (known && isDeepStrictEqual(rule, known.rule) ? known.splits : new Map()),
      close: async () => {},
    };
  }
}

function ifDamaged(error: unknown): undefined {
  if (!isFedError(error, "SHARD_NOT_FOUND", "SHARD_DAMAGED")) throw error;
  return undefined;
}

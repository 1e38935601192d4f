// The result of an import in numbers: the same whether it was done now or earlier.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../protocol/format/digest.ts";
import { type DataCard, makeDataCard } from "../shard/data-card.ts";
import { type Quarantine, quarantineDigest, quarantineSchema } from "../shard/quarantine.ts";
import { damaged, type ShardIndex, shardFiles } from "../shard/shard-format.ts";
import type { SplitName } from "../shard/split-patients.ts";
import { countLabels, readReport } from "./import-report.ts";

/** The result of an import in numbers, with its commitments and data card. */
export interface ImportSummary {
  /** Folder of the shard. */
  readonly dir: string;
  /** Files of the archive, in zips too, whether they were used or not. */
  readonly files: number;
  /** Scans in the shard, one a patient. */
  readonly scans: number;
  /** Scans of patients with COVID-19. */
  readonly positive: number;
  /** Scans of patients without. */
  readonly negative: number;
  /** Scans in each part. */
  readonly splits: Readonly<Record<SplitName, number>>;
  /** Salted root over the scans: the `shard` of the hospital's manifests. */
  readonly root: Digest;
  /** Salted digest of `quarantine`, as manifests have it. */
  readonly quarantineDigest: Digest;
  /** What was refused, in the order that the digest is of. */
  readonly quarantine: Quarantine["entries"];
  /** As in data-card.json. */
  readonly card: DataCard;
  /** Rows of the CSV, as a spreadsheet numbers them, without a match in the archive. */
  readonly unmatchedRows: readonly number[];
  /** Patients reused from an interrupted import, or from the shard that this one replaces. */
  readonly resumed: number;
  /** True if the same archive was imported there with the same options before: nothing was done. */
  readonly unchanged: boolean;
}

/** @throws SHARD_DAMAGED */
export async function summarise(
  dir: string,
  index: ShardIndex,
): Promise<Omit<ImportSummary, "files" | "resumed" | "unchanged">> {
  const { scans, root, quarantine } = index;
  const splits = { train: 0, validation: 0, test: 0 };
  for (const { split } of scans) splits[split]++;
  const positive = scans.filter(({ label }) => label === 1).length;
  const { entries } = await readQuarantine(dir, quarantine);
  const report = await readReport(dir);
  return {
    ...{ dir, scans: scans.length, positive, negative: scans.length - positive, splits },
    ...{ root, quarantineDigest: quarantine, quarantine: entries },
    ...{
      card: makeDataCard(index, entries, report && countLabels(report)),
      unmatchedRows: report?.rows?.unmatched ?? [],
    },
  };
}

/** The list that `digest` commits to. @throws SHARD_DAMAGED */
export async function readQuarantine(dir: string, digest: Digest): Promise<Quarantine> {
  try {
    const quarantine = quarantineSchema.parse(JSON.parse(await readFile(join(dir, shardFiles.quarantine), "utf8")));
    if (quarantineDigest(Buffer.from(quarantine.salt, "hex"), quarantine.entries) === digest) return quarantine;
  } catch {
    // A missing file, no JSON, or another form: damaged, as below.
  }
  throw damaged(dir, shardFiles.quarantine);
}

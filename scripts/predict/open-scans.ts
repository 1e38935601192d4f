// The scans that an operator names: an imported shard's, or one patient's DICOM files.
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { defaultShape, normaliseStack } from "../../imaging/import/normalise.ts";
import { readOneScan } from "../../imaging/import/read-one-scan.ts";
import { openShard } from "../../imaging/shard/shard.ts";
import { shardFiles } from "../../imaging/shard/shard-format.ts";
import { windowNames } from "../../imaging/volume/intensity.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";

export interface NamedScan {
  readonly name: string;
  /** A set of this scan alone. */
  readonly set: TrainingSet;
}

/**
 * @param place as the operator wrote it, which every error names
 * @throws SCANS_SEVERAL where DICOM files are of more than one patient; those of openShard and readOneScan
 */
export async function openScans(place: string, input: ModelSpec["input"]): Promise<NamedScan[]> {
  try {
    const path = resolve(place);
    return existsSync(join(path, shardFiles.index)) ? await scansOfShard(path) : [await scanOfFiles(path, input)];
  } catch (error) {
    if (!isFedError(error)) throw error;
    throw new FedError(error.code, { ...error.facts, path: place }, { cause: error, remedy: error.remedy });
  }
}

async function scansOfShard(path: string): Promise<NamedScan[]> {
  const shard = await openShard(path);
  try {
    const { height, width, channels } = shard;
    return shard.scans.map((scan, index) => {
      const pixels = shard.read(index);
      return { name: scan.patient, set: { scans: [scan], height, width, channels, read: () => pixels } };
    });
  } finally {
    await shard.close();
  }
}

async function scanOfFiles(path: string, { height, width, channels }: ModelSpec["input"]): Promise<NamedScan> {
  const { stack, patients } = await readOneScan(path);
  // One of them would be scored, and nobody could see which.
  if (patients > 1) throw new FedError("SCANS_SEVERAL", { patients });
  const shape = { ...defaultShape, height, width, windows: windowNames.slice(0, channels) };
  const { slices, pixels } = normaliseStack(stack, shape);
  const name = basename(path);
  const scans = [{ patient: name, label: 0 as const, slices }];
  return { name, set: { scans, height, width, channels, read: () => pixels } };
}

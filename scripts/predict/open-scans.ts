// The scans that an operator names: an imported shard's, or those of the patients of a folder or zip with DICOM files.
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { defaultShape, type NormalPlace, type NormalScan, normaliseStack } from "../../imaging/import/normalise.ts";
import { type FoundPatient, type FoundScan, type OpenScans, openScans } from "../../imaging/import/open-scans.ts";
import { openShard } from "../../imaging/shard/shard.ts";
import { shardFiles } from "../../imaging/shard/shard-format.ts";
import { windowNames } from "../../imaging/volume/intensity.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";

/** Where a scan of DICOM files comes from, for results that are filed in the patient's study. */
export interface ScanSource {
  readonly found: FoundScan;
  readonly normal: NormalScan & NormalPlace;
  readonly use: OpenScans["use"];
}

export interface NamedScan {
  /** Of the folder that holds the patient's files, the PatientID, or the pseudonym in a shard. */
  readonly name: string;
  /** A set of this scan alone. */
  readonly set: TrainingSet;
  /** Absent for scans of a shard, which holds no identity. */
  readonly source?: ScanSource;
}

/** A patient of several who has no scan that can be scored. */
export interface UnusableScan {
  readonly name: string;
  readonly error: FedError;
}

/**
 * One scan for each patient, one after the other. A patient without a usable scan costs no other one.
 *
 * @param place as the operator wrote it, which every error names
 * @throws those of openShard and openScans, and why the only patient has no usable scan
 */
export async function* scansOf(place: string, input: ModelSpec["input"]): AsyncGenerator<NamedScan | UnusableScan> {
  const path = resolve(place);
  try {
    if (existsSync(join(path, shardFiles.index))) yield* scansOfShard(path);
    else yield* scansOfFiles(path, input);
  } catch (error) {
    if (!isFedError(error)) throw error;
    throw new FedError(error.code, { ...error.facts, path: place }, { cause: error, remedy: error.remedy });
  }
}

async function* scansOfShard(path: string): AsyncGenerator<NamedScan> {
  const shard = await openShard(path);
  try {
    const { height, width, channels } = shard;
    for (const [index, scan] of shard.scans.entries()) {
      const pixels = shard.read(index);
      yield { name: scan.patient, set: { scans: [scan], height, width, channels, read: () => pixels } };
    }
  } finally {
    await shard.close();
  }
}

async function* scansOfFiles(
  path: string,
  { height, width, channels }: ModelSpec["input"],
): AsyncGenerator<NamedScan | UnusableScan> {
  const shape = { ...defaultShape, height, width, windows: windowNames.slice(0, channels) };
  const scans = await openScans(path);
  try {
    const names = namesOf(scans.patients, basename(path));
    for (const [index, patient] of scans.patients.entries()) {
      const name = names[index]!;
      try {
        const { found, normal } = await scans.read(patient, (one) => ({
          found: one,
          normal: normaliseStack(one.stack, shape),
        }));
        const { slices, pixels } = normal;
        const set = {
          ...{ scans: [{ patient: name, label: 0 as const, slices }], height, width, channels },
          read: () => pixels,
        };
        yield { name, set, source: { found, normal, use: scans.use } };
      } catch (error) {
        if (!isFedError(error) || scans.patients.length === 1) throw error;
        yield { name, error };
      }
    }
  } finally {
    await scans.close();
  }
}

/** The folder of a patient's own, else the PatientID; each name once. */
function namesOf(patients: readonly FoundPatient[], place: string): string[] {
  const taken = new Set<string>();
  return patients.map(({ folder, isShared, patientId }) => {
    const own = isShared ? patientId : folder.join("/");
    const name = patients.length === 1 ? place : own || "study";
    let unique = name;
    for (let number = 2; taken.has(unique); number++) unique = `${name} ${number}`;
    taken.add(unique);
    return unique;
  });
}

/** A name as that of a file or folder. */
export function fileNameOf(name: string): string {
  return name.replace(/[^\p{L}\p{N}._+-]+/gu, "-").replace(/^[.-]+/, "_");
}

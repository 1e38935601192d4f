// The files of a shard: pixels.bin (every scan's window channels, one after the other), shard.json (this index),
// quarantine.json, import-report.json, and a data card for people. None names a patient; pseudonyms are keyed hashes.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import { type Digest, digestFromBytes } from "../../protocol/format/digest.ts";
import { digestField } from "../../protocol/format/fields.ts";
import { treeRoot } from "../../protocol/format/merkle.ts";
import { windowNames } from "../volume/intensity.ts";

export const shardFiles = {
  index: "shard.json",
  pixels: "pixels.bin",
  quarantine: "quarantine.json",
  card: "data-card.json",
  page: "data-card.html",
  report: "import-report.json",
} as const;

const pseudonym = z.string().regex(/^[0-9a-f]{16}$/);
const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.number().int().min(1);

export const factsSchema = z
  .object({
    /** picture: jpg or png, which have none of the DICOM values below. */
    format: z.enum(["dicom", "picture"]),
    /** (0008,0070); a keyed hash where the word is no known maker's, "" where there is none. */
    manufacturer: z.string(),
    /** (0008,1090), in the same form. */
    model: z.string(),
    /** Convolution kernel (0018,1210), in the same form. */
    kernel: z.string(),
    /** Slices of the chosen series as it was stored. */
    storedSlices: size,
    /** Rows of a stored slice, before normalising; of pictures the largest. */
    rows: size,
    /** Columns of a stored slice. */
    columns: size,
    /** Distance of stored rows, PixelSpacing (0028,0030); 1 where it is not known. */
    pixelMm: z.number(),
    /** Median distance of stored slices, from their positions; 0 for pictures. */
    spacingMm: z.number(),
    /** SliceThickness (0018,0050), or else the distance of slices; 0 for pictures. */
    thicknessMm: z.number(),
    /** UID (0002,0010); "" for pictures. */
    transferSyntax: z.string(),
    /** PatientPosition (0018,5100), such as HFS; "other" for no defined term, "" where there is none. */
    position: z.string(),
    /** Slices that were stored more than once. */
    duplicates: z.number().int(),
    /** Places where slices are missing. */
    gaps: z.number().int(),
    /** Whether the distance of slices changes within the series. */
    mixedSpacing: z.boolean(),
    /** Angle between the slices' normal and the body's axis. */
    tiltDegrees: z.number(),
    /** Volume of the lungs that were found. Undefined for pictures, whose grey values are not HU. */
    lungMl: z.number().optional(),
    /** Doubts: GAPS, MIXED_SPACING, TILTED, NO_PIXEL_SPACING, NO_ORIENTATION, HU_ESTIMATED, WINDOW_UNKNOWN, SIZE_UNKNOWN. */
    warnings: z.array(z.string()),
  })
  .strict();
/** How a scan was taken and processed: for the data card and the shortcut check, never for the network. @useDeclaredType */
export type ScanFacts = z.output<typeof factsSchema>;

const scanSchema = z
  .object({
    patient: pseudonym,
    label: z.union([z.literal(0), z.literal(1)]),
    split: z.enum(["train", "validation", "test"]),
    slices: size,
    /** Of pixels.bin. */
    offset: z.number().int().min(0),
    /** SHA-256 of its pixels. */
    pixels: hex32,
    /** Without it, its leaf of the commitment reveals nothing. */
    salt: hex32,
    /** Keyed hashes of the series and of its files. */
    series: pseudonym,
    inputs: pseudonym,
    facts: factsSchema,
  })
  .strict();
export type ScanRecord = z.output<typeof scanSchema>;

export const ruleSchema = z
  .object({
    /** Of the lots that patients draw. */
    seed: z.number().int(),
    /** Share of each class to learn from. */
    train: z.number(),
    /** Share that chooses thresholds and stopping points. */
    validation: z.number(),
    /** Share that is scored, and chooses nothing. */
    test: z.number(),
  })
  .strict();
/** Seed and shares of a split. */
export type SplitRule = z.output<typeof ruleSchema>;

const shardSchema = z
  .object({
    version: z.literal(1),
    height: size,
    width: size,
    windows: z.array(z.enum(windowNames)).min(1),
    root: digestField,
    quarantine: digestField,
    /** How patients were split. */
    rule: ruleSchema,
    /** Keyed hash of the archive's listing and of the options: an import without changes is not repeated. */
    source: pseudonym,
    scans: z.array(scanSchema).min(1),
  })
  .strict();
export type ShardIndex = z.output<typeof shardSchema>;

/** RFC 6962 root over the salted scans: it can prove later that a scan was in the shard, and reveals nothing before. */
export function shardRoot(scans: readonly ScanRecord[]): Digest {
  const leaves = scans.map(({ salt, patient, label, split, slices, pixels }) =>
    sha256(Uint8Array.of(0), Buffer.from(salt, "hex"), canonicalBytes({ patient, label, split, slices, pixels })),
  );
  return digestFromBytes(treeRoot(leaves));
}

/** The index as a file, with its fields in a fixed order. */
export function encodeShardIndex(index: ShardIndex): string {
  return `${JSON.stringify(shardSchema.parse(index), undefined, 1)}\n`;
}

/** @throws SHARD_NOT_FOUND, SHARD_DAMAGED */
export async function readShardIndex(dir: string): Promise<ShardIndex> {
  const text = await readFile(join(dir, shardFiles.index), "utf8").catch((cause: unknown) => {
    throw new FedError("SHARD_NOT_FOUND", { dir }, { cause, remedy: "import an archive there: consilium import" });
  });
  const parsed = shardSchema.safeParse(parseJson(text));
  if (!parsed.success) throw damaged(dir, parsed.error.issues[0]?.path.join(".") ?? "json");
  if (shardRoot(parsed.data.scans) !== parsed.data.root) throw damaged(dir, "root");
  return parsed.data;
}

export function damaged(dir: string, part: string): FedError {
  return new FedError("SHARD_DAMAGED", { dir, part }, { remedy: "import the archive again into a new folder" });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

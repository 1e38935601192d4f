// Divides one imported shard among several hospitals by patient, for simulations: alike, or as different as real hospitals are
// in numbers of patients, shares of the classes and scanners.
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { makePrivateFolder, openPrivately, refuseLink, writePrivately } from "../../foundation/private-files.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { readQuarantine } from "../import/import-summary.ts";
import { dealPatients, type PartitionOptions } from "./deal-patients.ts";
import { type QuarantineEntry, quarantineDigest } from "./quarantine.ts";
import {
  encodeShardIndex,
  readShardIndex,
  type ScanRecord,
  type ShardIndex,
  shardFiles,
  shardRoot,
} from "./shard-format.ts";

/**
 * Writes one shard into each folder, each with its own root and its part of the quarantine. Every patient keeps its split.
 *
 * @throws PATIENTS_TOO_FEW, SHARD_NOT_FOUND, SHARD_DAMAGED, SHARD_PLACE_TAKEN, OUT_IS_LINK
 */
export async function partitionShard(
  shardDir: string,
  outDirs: readonly string[],
  options: PartitionOptions,
): Promise<void> {
  const source = await readShardIndex(shardDir);
  const { entries, salt } = await readQuarantine(shardDir, source.quarantine);
  const dealt = dealPatients(source.scans, outDirs.length, options);
  for (const dir of outDirs) await checkPlace(dir);
  for (const [hospital, dir] of outDirs.entries()) {
    const ownSalt = sha256(Buffer.from(salt, "hex"), `hospital ${hospital}`);
    const own = entries.filter((entry) => hospitalOf(entry, dealt) === hospital);
    await writePart(shardDir, dir, source, { scans: dealt[hospital]!, entries: own, salt: ownSalt });
  }
}

async function checkPlace(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  if (names.length > 0) {
    throw new FedError("SHARD_PLACE_TAKEN", { dir }, { remedy: "give new or empty folders for the hospitals' shards" });
  }
}

/** The hospital of the patient gets the patient's entries; entries without such a patient are spread by their hash. */
function hospitalOf(entry: QuarantineEntry, dealt: readonly (readonly ScanRecord[])[]): number {
  const owner = dealt.findIndex((scans) => scans.some(({ patient }) => patient === entry.patient));
  if (owner >= 0) return owner;
  return Buffer.from(sha256(entry.patient ?? entry.file ?? entry.code)).readUInt32LE(0) % dealt.length;
}

interface Part {
  readonly scans: readonly ScanRecord[];
  readonly entries: readonly QuarantineEntry[];
  readonly salt: Uint8Array;
}

async function writePart(from: string, dir: string, source: ShardIndex, { scans, entries, salt }: Part): Promise<void> {
  const { version, height, width, windows, rule } = source;
  const sliceBytes = height * width * windows.length;
  await refuseLink(dir);
  await makePrivateFolder(dir);
  let offset = 0;
  const own: ScanRecord[] = [];
  const pixels = await openPrivately(join(dir, shardFiles.pixels), "wx");
  try {
    for (const scan of scans) {
      const bytes = scan.slices * sliceBytes;
      const range = { start: scan.offset, end: scan.offset + bytes - 1 };
      for await (const chunk of createReadStream(join(from, shardFiles.pixels), range)) await pixels.appendFile(chunk);
      own.push({ ...scan, offset });
      offset += bytes;
    }
  } finally {
    await pixels.close();
  }
  const quarantine = { salt: Buffer.from(salt).toString("hex"), digest: quarantineDigest(salt, entries), entries };
  await writePrivately(join(dir, shardFiles.quarantine), `${JSON.stringify(quarantine, undefined, 1)}\n`);
  const root = shardRoot(own);
  const name = Buffer.from(sha256(source.source, root)).toString("hex").slice(0, 16);
  const index: ShardIndex = {
    ...{ version, height, width, windows, rule, root, quarantine: quarantine.digest, source: name, scans: own },
  };
  // The index is written last: a folder without one is no shard.
  await writePrivately(join(dir, shardFiles.index), encodeShardIndex(index));
}

// Writes a shard beside its place and moves it there when it is complete. Scans that were normalised before a kill are kept,
// each with the digest of its pixels (outcomes.ts), so that an import continues where it stopped.
import { chmod, type FileHandle, mkdir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import {
  diskFailuresNamed,
  makePrivateFolder,
  openPrivately,
  refuseLink,
  writePrivately,
} from "../../foundation/private-files.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { lockImport } from "../import/import-lock.ts";
import { type Outcome, type Outcomes, openOutcomes, type StoredScan } from "../import/outcomes.ts";
import type { QuarantineEntry } from "./quarantine.ts";
import { encodeShardIndex, type ShardIndex, shardFiles } from "./shard-format.ts";

export interface NewScan extends Omit<StoredScan, "offset" | "bytes" | "pixels"> {
  readonly pixels: Uint8Array;
}

export interface ShardWriter {
  /** Outcomes of an import that was interrupted, by `inputs`. */
  readonly kept: ReadonlyMap<string, Outcome>;
  add(outcome: { patient: string; inputs: string; scan?: NewScan; quarantined: QuarantineEntry[] }): Promise<Outcome>;
  /** Writes another file of the shard, such as the quarantine. */
  writeFile(name: string, content: string | Uint8Array): Promise<void>;
  /** Moves the shard into its place in one step. */
  finish(index: ShardIndex): Promise<void>;
  /** Keeps the finished work for the next import. */
  close(): Promise<void>;
  /** Removes everything. */
  discard(): Promise<void>;
}

/** @throws SHARD_PLACE_TAKEN where the folder holds something else than a shard, OUT_IS_LINK, IMPORT_RUNNING, STORE_FULL */
export async function openShardWriter(dir: string): Promise<ShardWriter> {
  const place = resolve(dir);
  const staging = `${place}.importing`;
  await settleShardPlace(place);
  return diskFailuresNamed(async () => {
    await refuseLink(staging);
    await makePrivateFolder(staging);
    await closeToOthers(staging);
    const unlock = await lockImport(staging);
    const outcomes = await openOutcomes(staging);
    const pixels = await openPrivately(join(staging, shardFiles.pixels), "a+");
    const { kept, end } = await keepWhole(outcomes, pixels);
    await pixels.truncate(end);
    let offset = end;
    const close = async () => {
      await pixels.close();
      await outcomes.close();
      await unlock();
    };
    return {
      kept,
      add: ({ scan, ...rest }) =>
        diskFailuresNamed(async () => {
          const outcome: Outcome = { ...rest };
          if (scan) {
            const { pixels: bytes, ...about } = scan;
            await pixels.appendFile(bytes);
            outcome.scan = { ...about, offset, bytes: bytes.length, pixels: hex(sha256(bytes)) };
            offset += bytes.length;
          }
          await outcomes.add(outcome);
          return outcome;
        }),
      writeFile: (name, content) => writePrivately(join(staging, name), content),
      finish: (index) =>
        diskFailuresNamed(async () => {
          await writePrivately(join(staging, shardFiles.index), encodeShardIndex(index));
          await pixels.sync();
          await close();
          await moveInto(place, staging);
        }),
      close,
      async discard() {
        await close();
        await rm(staging, { recursive: true, force: true });
      },
    };
  });
}

/** A folder that an older version left may be open to others. Disks such as exFAT have no modes: the mount decides. */
async function closeToOthers(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(async (cause: NodeJS.ErrnoException) => {
    const isOwn = (await stat(folder)).uid === process.geteuid?.();
    if (!isOwn || !["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(String(cause.code))) throw cause;
  });
}

/**
 * Completes an interrupted move, and refuses to replace anything but a shard.
 *
 * @throws SHARD_PLACE_TAKEN, OUT_IS_LINK
 */
export async function settleShardPlace(dir: string): Promise<void> {
  const place = resolve(dir);
  await refuseLink(place);
  const names = await readdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FedError(
      "SHARD_PLACE_TAKEN",
      { dir: place },
      { cause: error, remedy: "give a new folder for the shard" },
    );
  });
  if (names === undefined) await rename(`${place}.replaced`, place).catch(() => {});
  else if (names.length > 0 && !names.includes(shardFiles.index)) {
    throw new FedError("SHARD_PLACE_TAKEN", { dir: place }, { remedy: "give a new or empty folder for the shard" });
  } else await rm(`${place}.replaced`, { recursive: true, force: true });
}

async function moveInto(place: string, staging: string): Promise<void> {
  const replaced = `${place}.replaced`;
  await mkdir(dirname(place), { recursive: true });
  await rmdir(place).catch(() => {});
  await rename(place, replaced).catch(() => {});
  await rename(staging, place);
  await rm(replaced, { recursive: true, force: true });
}

/** Keeps the outcomes whose pixels are intact, up to the first that are not, and removes the others. */
async function keepWhole(
  outcomes: Outcomes,
  pixels: FileHandle,
): Promise<{ kept: ReadonlyMap<string, Outcome>; end: number }> {
  const all = await outcomes.all();
  const kept = new Map(all.flatMap((outcome) => (outcome.scan ? [] : [[outcome.inputs, outcome]])));
  let end = 0;
  for (const outcome of all.sort((a, b) => (a.scan?.offset ?? 0) - (b.scan?.offset ?? 0))) {
    if (!outcome.scan) continue;
    const { offset, bytes, pixels: digest } = outcome.scan;
    const { buffer, bytesRead } = await pixels.read(Buffer.alloc(bytes), 0, bytes, offset);
    if (offset !== end || bytesRead !== bytes || hex(sha256(buffer)) !== digest) break;
    end += bytes;
    kept.set(outcome.inputs, outcome);
  }
  await outcomes.remove(all.filter(({ inputs }) => !kept.has(inputs)).map(({ inputs }) => inputs));
  return { kept, end };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

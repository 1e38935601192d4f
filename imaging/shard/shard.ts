// An imported shard, open for reading by training, scoring and inspection.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import type { WindowName } from "../volume/intensity.ts";
import { damaged, readShardIndex, type ScanFacts, shardFiles } from "./shard-format.ts";
import type { SplitName } from "./split-patients.ts";

/** One patient's scan in a shard, under its pseudonym. */
export interface ShardScan {
  /** Pseudonym: keyed hash, 16 hex digits. */
  readonly patient: string;
  /** 1: COVID-19. */
  readonly label: 0 | 1;
  /** The part of the shard that the patient is in. */
  readonly split: SplitName;
  /** Slices of the normalised scan. */
  readonly slices: number;
  /** How the scan was taken and processed. */
  readonly facts: ScanFacts;
}

/** An open shard. */
export interface Shard {
  /** Rows of a slice. */
  readonly height: number;
  /** Columns of a slice. */
  readonly width: number;
  /** Number of windows. */
  readonly channels: number;
  /** Windows of HU, in the order of the channels. */
  readonly windows: readonly WindowName[];
  /** Salted Merkle root over the scans. */
  readonly root: Digest;
  /** Commitment to the quarantine. */
  readonly quarantine: Digest;
  /** One a patient, of all parts; `read` takes an index of this list. */
  readonly scans: readonly ShardScan[];
  /**
   * Window channels of a scan, 0 to 255: [slices, height, width, channels]. Verified against its digest at the first read.
   * @throws SHARD_DAMAGED, SHARD_CLOSED, SCAN_UNKNOWN
   */
  read(index: number): Uint8Array<ArrayBuffer>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the shard in a folder. Its index is checked here, each scan's pixels when they are read.
 * @throws SHARD_NOT_FOUND, SHARD_DAMAGED
 */
export async function openShard(dir: string): Promise<Shard> {
  const { height, width, windows, root, quarantine, scans } = await readShardIndex(dir);
  const sliceBytes = height * width * windows.length;
  const file = openPixels(dir, Math.max(...scans.map(({ offset, slices }) => offset + slices * sliceBytes)));
  const verified = new Set<number>();
  let isOpen = true;
  return {
    height,
    width,
    channels: windows.length,
    windows,
    root,
    quarantine,
    scans,
    read(index) {
      const scan = scans[index];
      if (!isOpen) throw new FedError("SHARD_CLOSED", { dir });
      if (!scan) throw new FedError("SCAN_UNKNOWN", { index, scans: scans.length });
      const pixels = new Uint8Array(scan.slices * sliceBytes);
      for (let filled = 0; filled < pixels.length; ) {
        const read = readSync(file, pixels, filled, pixels.length - filled, scan.offset + filled);
        if (read === 0) throw damaged(dir, shardFiles.pixels);
        filled += read;
      }
      if (!verified.has(index)) {
        if (Buffer.from(sha256(pixels)).toString("hex") !== scan.pixels) throw damaged(dir, shardFiles.pixels);
        verified.add(index);
      }
      return pixels;
    },
    async close() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

function openPixels(dir: string, needed: number): number {
  let file: number;
  try {
    file = openSync(join(dir, shardFiles.pixels), "r");
  } catch {
    throw damaged(dir, shardFiles.pixels);
  }
  if (fstatSync(file).size >= needed) return file;
  closeSync(file);
  throw damaged(dir, shardFiles.pixels);
}

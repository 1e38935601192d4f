// A DICOM file on disk, read no further than needed: its beginning says what it is, plain pixels are then read straight to
// where they are rescaled, and only compressed ones are ever in memory whole.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { CtInstance } from "./ct-instance.ts";
import type { DicomLimits } from "./limits.ts";
import type { StoredBytes } from "./pixel-data.ts";
import { type DicomFile, readInstance, readInstanceHeader, readStoredInstance } from "./read-instance.ts";
import { tooLarge, truncated } from "./refusals.ts";

/**
 * Runs `use` on an open file. Its pixels, and what it says, are valid until the next file is opened.
 *
 * @throws {FedError} those of readInstance, DICOM_UNREADABLE
 */
export async function withDicomFile(
  path: string,
  limits: DicomLimits,
  use: (file: DicomFile) => Promise<void>,
): Promise<void> {
  const { stored, close } = openStored(path, limits);
  try {
    const file = fromBeginning(stored, (head) => readStoredInstance(head, stored, limits));
    await use(file ?? readInstance(firstBytes(stored, stored.size), limits));
  } finally {
    close();
  }
}

/**
 * What a file says of itself, from its first bytes, or from more of them until it is whole.
 *
 * @throws {FedError} those of readInstanceHeader, DICOM_UNREADABLE
 */
export function readFileHeader(path: string, limits: DicomLimits): CtInstance {
  const { stored, close } = openStored(path, limits);
  try {
    const found = fromBeginning(stored, (head) => {
      const instance = readInstanceHeader(head, limits);
      // It may end before its pixels just where an element ends.
      if (!instance.hasPixels && head.length < stored.size) throw truncated(head.length);
      return instance;
    });
    return found ?? readInstanceHeader(firstBytes(stored, stored.size), limits);
  } finally {
    close();
  }
}

/** Headers of CT have 2 to 8 KiB; private elements can make them longer than the second look. */
const LOOKS = [2 ** 14, 2 ** 18];

/** What `read` makes of the file's first bytes; undefined if it needs more than the longest look. */
function fromBeginning<T>(stored: StoredBytes, read: (head: Buffer) => T): T | undefined {
  for (const bytes of LOOKS) {
    try {
      return read(firstBytes(stored, bytes));
    } catch (error) {
      if (!isFedError(error, "DICOM_TRUNCATED")) throw error;
    }
    if (bytes >= stored.size) return undefined;
  }
  return undefined;
}

const SCRATCH_BYTES = 2 ** 23;
/** Compressed slices fit in here, so that no memory is asked for and given back with each of them. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

function firstBytes({ size, read }: StoredBytes, atMost: number): Buffer {
  const wanted = Math.min(size, atMost);
  const bytes = wanted > scratch.length ? Buffer.allocUnsafeSlow(wanted) : scratch.subarray(0, wanted);
  read(bytes, 0);
  return bytes;
}

function openStored(path: string, limits: DicomLimits): { stored: StoredBytes; close(): void } {
  // Without blocking: nobody may ever write to a pipe that lies among the files, and nothing ends a thread that waits.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const close = () => closeSync(file);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw unreadable("not a file");
    const { size } = status;
    if (size > limits.maxFileBytes) throw tooLarge("file bytes", size, limits.maxFileBytes);
    const read = (into: Uint8Array, from: number) => {
      for (let filled = 0; filled < into.length; ) {
        const count = readSync(file, into, filled, into.length - filled, from + filled);
        if (count === 0) throw truncated(size, from + into.length);
        filled += count;
      }
    };
    return { stored: { size, read }, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A file that is none, or may not be read. */
export function unreadable(reason: string): FedError {
  return new FedError("DICOM_UNREADABLE", { reason }, { remedy: "check that the file is there and may be read" });
}

// A DICOM file on disk, read only as far as needed: the header first, then plain pixels directly into the memory where they are
// rescaled. Only compressed pixels are held in memory whole.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { CtInstance } from "./ct-instance.ts";
import type { DicomSource } from "./decode-messages.ts";
import type { ElementSet } from "./element-set.ts";
import type { DicomLimits } from "./limits.ts";
import { parseElements } from "./parse-elements.ts";
import type { StoredBytes } from "./pixel-data.ts";
import { type DicomFile, readInstance, readInstanceHeader, readStoredInstance } from "./read-instance.ts";
import { tooLarge, truncated } from "./refusals.ts";

/**
 * Runs `use` on an open file. Its pixels and header are valid until the next file is opened.
 *
 * @throws those of readInstance, DICOM_UNREADABLE
 */
export async function withDicomFile(
  path: string | Uint8Array,
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
 * The header of a file, from its first bytes, or from more of them if they are not enough.
 *
 * @throws those of readInstanceHeader, DICOM_UNREADABLE
 */
export function readFileHeader(path: string | Uint8Array, limits: DicomLimits): CtInstance {
  return readBeginning(path, limits, (head, isWhole) => {
    const instance = readInstanceHeader(head, limits);
    // The bytes may end before the pixels, exactly at the end of an element.
    if (!instance.hasPixels && !isWhole) throw truncated(head.length);
    return instance;
  });
}

/**
 * The elements of a file before its pixels, which `read` must read at once: their bytes are valid until the next file is opened.
 *
 * @throws those of parseElements, DICOM_UNREADABLE
 */
export function readElements<Result>(
  source: DicomSource,
  limits: DicomLimits,
  read: (elements: ElementSet) => Result,
): Result {
  if ("bytes" in source) return read(parseElements(source.bytes, limits, { partial: true }).elements);
  return readBeginning(source.path, limits, (head, isWhole) => {
    const { elements, pixels } = parseElements(head, limits, { partial: true });
    if (!pixels && !isWhole) throw truncated(head.length);
    return read(elements);
  });
}

/** @param read throws DICOM_TRUNCATED where the beginning is too short */
function readBeginning<Result>(
  path: string | Uint8Array,
  limits: DicomLimits,
  read: (head: Buffer, isWhole: boolean) => Result,
): Result {
  const { stored, close } = openStored(path, limits);
  try {
    const found = fromBeginning(stored, (head) => read(head, head.length === stored.size));
    return found ?? read(firstBytes(stored, stored.size), true);
  } finally {
    close();
  }
}

/** Headers of CT have 2 to 8 KiB; private elements can make them longer than 256 KiB. */
const beginnings = [2 ** 14, 2 ** 18];

/** The result of `read` on the file's first bytes; undefined if it needs more than the longest beginning. */
function fromBeginning<T>(stored: StoredBytes, read: (head: Buffer) => T): T | undefined {
  for (const bytes of beginnings) {
    try {
      return read(firstBytes(stored, bytes));
    } catch (error) {
      if (!isFedError(error, "DICOM_TRUNCATED")) throw error;
    }
    if (bytes >= stored.size) return undefined;
  }
  return undefined;
}

const scratchBytes = 2 ** 23;
/** Compressed slices fit in here, so that none is allocated for each file. */
const scratch = Buffer.allocUnsafeSlow(scratchBytes);

function firstBytes({ size, read }: StoredBytes, atMost: number): Buffer {
  const wanted = Math.min(size, atMost);
  const bytes = wanted > scratch.length ? Buffer.allocUnsafeSlow(wanted) : scratch.subarray(0, wanted);
  read(bytes, 0);
  return bytes;
}

function openStored(path: string | Uint8Array, limits: DicomLimits): { stored: StoredBytes; close(): void } {
  // Without blocking: opening a named pipe that has no writer would block the thread for ever.
  const file = openSync(onDisk(path), constants.O_RDONLY | constants.O_NONBLOCK);
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

/** Something that is not a file, or may not be read. */
export function unreadable(reason: string): FedError {
  return new FedError("DICOM_UNREADABLE", { reason }, { remedy: "check that the file is there and may be read" });
}

/** As the file system takes it. */
export function onDisk(path: string | Uint8Array): string | Buffer {
  return typeof path === "string" ? path : Buffer.from(path);
}

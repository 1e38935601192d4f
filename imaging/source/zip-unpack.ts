// Unpacks one file of a zip, whole or its beginning. The library finds and decrypts it; Node's zlib inflates it in its own
// threads and without streams, which takes a fifth of the time.
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { constants, crc32, inflateRaw } from "node:zlib";
import type { FileEntry } from "@zip.js/zip.js";
import { FedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";

/** Larger than any slice. */
export const maxFileBytes = 2 ** 28;
/** CT is compressed to about a third; a file compressed to a thousandth is a zip bomb. */
const maxRatio = 1000;
// APPNOTE.TXT 4.4.5
const [stored, deflated] = [0, 8];

const inflate = promisify(inflateRaw);

/** @throws ZIP_FILE_TOO_LARGE */
export function unpackedBytes({ uncompressedSize, compressedSize }: FileEntry): number {
  const most = Math.max(uncompressedSize, compressedSize);
  if (most > maxFileBytes || uncompressedSize > maxRatio * (compressedSize + 1024)) {
    const facts = { bytes: most, maxBytes: maxFileBytes, maxRatio };
    throw new FedError("ZIP_FILE_TOO_LARGE", facts, { remedy: "unpack the zip yourself, and import the folder" });
  }
  return uncompressedSize;
}

/** Memory that unpacking an entry needs, bytes. */
export function bytesHeld(entry: FileEntry): number {
  return Math.min(maxFileBytes, unpackedBytes(entry) + entry.compressedSize);
}

/**
 * @param start where its zip begins in the file
 * @param beginning so many of its first bytes are enough; a beginning is not checked
 * @throws ZIP_FILE_TOO_LARGE, ZIP_MALFORMED
 */
export async function unpack(
  file: FileHandle,
  start: number,
  entry: FileEntry,
  beginning = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const claimed = unpackedBytes(entry);
  const { compressionMethod, compressedSize, encrypted } = entry;
  try {
    if (compressionMethod !== stored && compressionMethod !== deflated)
      return checked(entry, await gather(entry, claimed, {}));
    const packed = encrypted
      ? await gather(entry, compressedSize, { passThrough: "compressed" })
      : await readPacked(file, start + entry.offset, Math.min(compressedSize, beginning));
    // Deflated data is hardly ever longer than the original, so that so many packed bytes hold at least the beginning.
    const isBeginning = beginning < compressedSize;
    if (compressionMethod === stored) return isBeginning ? packed : checked(entry, packed);
    const limit = { maxOutputLength: claimed + 1 };
    // In one piece, with room for one byte more: if it is filled, the file is longer than claimed.
    const options = isBeginning ? { finishFlush: constants.Z_SYNC_FLUSH } : { chunkSize: Math.max(64, claimed + 1) };
    const bytes = await inflate(packed, { ...limit, ...options });
    giveBack(packed);
    return isBeginning ? bytes : checked(entry, bytes);
  } catch (error) {
    throw error instanceof FedError ? error : malformedZip("a file in it does not unpack");
  }
}

/** APPNOTE.TXT 4.3.7: a local header of 30 bytes, a name and an extra field precede the data. */
async function readPacked(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const { buffer: header } = await file.read(Buffer.allocUnsafe(30), 0, 30, at);
  if (header.readUInt32LE(0) !== 0x04034b50) throw malformedZip("a file in it is not where it should be");
  const from = at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(bytes), 0, bytes, from);
  if (bytesRead < bytes) throw malformedZip("a file in it is cut off");
  return buffer;
}

/** All bytes of an entry, at most as many as it claims. */
async function gather(entry: FileEntry, most: number, options: { passThrough?: "compressed" }): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  let filled = 0;
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      bytes.set(chunk, filled);
      filled += chunk.byteLength;
    },
  });
  await entry.getData(sink, { checkCrc32: true, ...options });
  return bytes.subarray(0, filled);
}

function checked(entry: FileEntry, bytes: Uint8Array): Uint8Array {
  if (bytes.length !== entry.uncompressedSize) throw malformedZip("a file in it is cut off");
  // Entries encrypted with AES may have no checksum: they were authenticated when decrypted.
  const isSigned = !entry.encrypted || entry.zipCrypto;
  if (isSigned && crc32(bytes) !== entry.signature) throw malformedZip("a file in it is damaged");
  return bytes;
}

export function malformedZip(why: string): FedError {
  return new FedError("ZIP_MALFORMED", { why }, { remedy: "copy the zip again, or unpack it and import the folder" });
}

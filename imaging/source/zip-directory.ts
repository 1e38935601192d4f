// The directory of a zip, which may have a million entries: it is read once, and only the offset of each record is kept. To
// read one entry, the library gets a zip whose directory consists of that one record.
import type { FileHandle } from "node:fs/promises";
import { type Entry, type FileEntry, Reader, ZipReader } from "@zip.js/zip.js";
import { malformedZip } from "./zip-unpack.ts";

export interface ZipDirectory {
  /** Where its records begin in the file. */
  readonly offset: number;
  /** Bytes before the zip in the file, as of a program that unpacks it. */
  readonly prepended: number;
}

/** A record without its name, extra field and comment. APPNOTE.TXT 4.3.12 */
const shortestRecord = 46;

/**
 * Reads a directory, folders included.
 *
 * @param see `place` is the offset of the entry's record within the directory
 * @throws what `see` throws, and the errors of zip.js if there is no directory or it is damaged
 */
export async function readZipDirectory(
  file: FileHandle,
  password: string | undefined,
  see: (entry: Entry, place: number) => Promise<void> | void,
): Promise<ZipDirectory> {
  const { size } = await file.stat();
  const zip = new ZipReader(new PartsReader(size, [{ file, at: 0, bytes: size }]), optionsOf(password));
  let place = 0;
  let first: number | undefined;
  for await (const entry of zip.getEntriesGenerator()) {
    first ??= entry.offset;
    await see(entry, place);
    place += shortestRecord + entry.rawFilename.length + entry.rawExtraField.length + entry.rawComment.length;
  }
  const offset = zip.directoryOffset ?? 0;
  if (first === undefined) return { offset, prepended: 0 };
  // Entries give their offset from the beginning of the zip; zip.js has found that beginning and adds it.
  const asWritten = await openZipEntry(file, { offset, prepended: 0 }, 0, password);
  return { offset, prepended: first - asWritten.offset };
}

/**
 * The entry whose record begins at an offset.
 *
 * @throws the errors of zip.js if there is none: the file has changed
 */
export async function openZipEntry(
  file: FileHandle,
  { offset, prepended }: ZipDirectory,
  place: number,
  password: string | undefined,
): Promise<Entry> {
  const start = Buffer.alloc(shortestRecord);
  await file.read(start, 0, shortestRecord, offset + place);
  const [name, extra, comment] = [28, 30, 32].map((at) => start.readUInt16LE(at)) as [number, number, number];
  const record = { file, at: offset + place, bytes: shortestRecord + name + extra + comment };
  const contents = { file, at: prepended, bytes: offset - prepended };
  const end = directoryEnd(contents.bytes, record.bytes);
  const size = contents.bytes + record.bytes + end.length;
  const zip = new ZipReader(new PartsReader(size, [contents, record, end]), optionsOf(password));
  // The end is known; a search for another one before it would take most of the time.
  const { value } = await zip.getEntriesGenerator({ strictness: "tolerant" }).next();
  return value as FileEntry;
}

function optionsOf(password: string | undefined): { password?: string } {
  return password === undefined ? {} : { password };
}

/** The end records of a zip with one entry, with 64-bit sizes. APPNOTE.TXT 4.3.14 to 4.3.16 */
function directoryEnd(offset: number, bytes: number): Buffer {
  const end = Buffer.alloc(56 + 20 + 22);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  end.writeBigUInt64LE(1n, 24);
  end.writeBigUInt64LE(1n, 32);
  end.writeBigUInt64LE(BigInt(bytes), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + bytes), 64);
  end.writeUInt32LE(1, 72);
  end.writeUInt32LE(0x06054b50, 76);
  end.writeUInt16LE(0xffff, 84);
  end.writeUInt16LE(0xffff, 86);
  end.writeUInt32LE(0xffffffff, 88);
  end.writeUInt32LE(0xffffffff, 92);
  return end;
}

/** The library reads a directory at once, in the length that the zip claims: this is enough for two million entries. */
const longestRead = 2 ** 28;

type Part = Buffer | { readonly file: FileHandle; readonly at: number; readonly bytes: number };

/** Parts of a file and buffers as one sequence of bytes. */
class PartsReader extends Reader<readonly Part[]> {
  readonly #parts: readonly Part[];

  constructor(size: number, parts: readonly Part[]) {
    super(parts);
    this.#parts = parts;
    this.size = size;
  }

  override async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
    if (length > longestRead) throw malformedZip("a directory larger than that of an archive of scans");
    const into = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    let [filled, start] = [0, 0];
    for (const part of this.#parts) {
      const bytes = "file" in part ? part.bytes : part.length;
      const from = offset + filled - start;
      const count = Math.min(into.length - filled, bytes - from);
      start += bytes;
      if (count <= 0) continue;
      if (!("file" in part)) part.copy(into, filled, from, from + count);
      else if ((await part.file.read(into, filled, count, part.at + from)).bytesRead < count) break;
      filled += count;
    }
    return into.subarray(0, filled);
  }
}

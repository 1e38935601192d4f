// A zip as a list of files, read where it lies: one file in memory at a time, never the archive, nothing unpacked to disk.
import { type FileHandle, open } from "node:fs/promises";
import { configure, type FileEntry, Reader, ZipReader } from "@zip.js/zip.js";
import { FedError } from "../../protocol/errors.ts";
import type { ListedFile, OpenArchive } from "./listing.ts";

// Its workers are web workers; what takes the time, decoding, has threads of its own.
configure({ useWebWorkers: false });

/** More than any slice has, and no more than a few of them may fill the memory. */
const maxFileBytes = 2 ** 28;
const maxEntries = 4_000_000;
/** CT shrinks to a third or so; what shrinks to a thousandth is a bomb. */
const maxRatio = 1000;

/**
 * @param folder names that stand before those in the zip
 * @throws {FedError} ZIP_MALFORMED, ZIP_PASSWORD where it is encrypted and the password is missing or wrong
 */
export async function openZip(
  path: string,
  folder: readonly string[],
  password: string | undefined,
): Promise<OpenArchive> {
  const file = await open(path, "r").catch(() => {
    throw malformed("it may not be read");
  });
  try {
    const { size } = await file.stat();
    const zip = new ZipReader(new FileReader(file, size), password === undefined ? {} : { password });
    const files: ListedFile[] = [];
    let isChecked = false;
    for await (const entry of zip.getEntriesGenerator()) {
      if (files.length >= maxEntries) throw malformed("more entries than an archive of scans has");
      if (entry.directory) continue;
      if (entry.encrypted && !isChecked) await checkPassword(entry, password);
      isChecked ||= entry.encrypted;
      files.push(listed(entry, folder));
    }
    return { files, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error instanceof FedError ? error : malformed("no list of files");
  }
}

function listed(entry: FileEntry, folder: readonly string[]): ListedFile {
  const names = entry.filename.split(/[\\/]/).filter((name) => name !== "" && name !== "." && name !== "..");
  return {
    parts: [...folder, ...names],
    bytes: entry.uncompressedSize,
    version: entry.signature ?? 0,
    source: async () => ({ bytes: await unpack(entry) }),
  };
}

async function checkPassword(entry: FileEntry, password: string | undefined): Promise<void> {
  const facts = { given: password !== undefined };
  const remedy = "the zip is encrypted: give its password with --password";
  if (password === undefined) throw new FedError("ZIP_PASSWORD", facts, { remedy });
  await entry.getData(new WritableStream(), { checkPasswordOnly: true }).catch(() => {
    throw new FedError("ZIP_PASSWORD", facts, { remedy });
  });
}

/** @throws {FedError} ZIP_FILE_TOO_LARGE, ZIP_MALFORMED */
async function unpack(entry: FileEntry): Promise<Uint8Array> {
  const claimed = entry.uncompressedSize;
  if (claimed > maxFileBytes || claimed > maxRatio * (entry.compressedSize + 1024)) throw tooLarge(claimed);
  const bytes = new Uint8Array(claimed);
  let filled = 0;
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      if (filled + chunk.byteLength > claimed) throw tooLarge(claimed);
      bytes.set(chunk, filled);
      filled += chunk.byteLength;
    },
  });
  try {
    await entry.getData(sink, { checkSignature: true });
  } catch (error) {
    throw error instanceof FedError ? error : malformed("a file in it does not unpack");
  }
  if (filled !== claimed) throw malformed("a file in it is cut off");
  return bytes;
}

function tooLarge(bytes: number): FedError {
  const facts = { bytes, maxBytes: maxFileBytes, maxRatio };
  return new FedError("ZIP_FILE_TOO_LARGE", facts, { remedy: "unpack the zip yourself, and import the folder" });
}

function malformed(why: string): FedError {
  return new FedError("ZIP_MALFORMED", { why }, { remedy: "copy the zip again, or unpack it and import the folder" });
}

/** Random access to a zip on disk. */
class FileReader extends Reader<FileHandle> {
  readonly #file: FileHandle;

  constructor(file: FileHandle, size: number) {
    super(file);
    this.#file = file;
    this.size = size;
  }

  override async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, offset);
    return bytes.subarray(0, bytesRead);
  }
}

// Zips as lists of files, read where they lie: one file in memory at a time, never the archive, nothing unpacked to disk.
// There may be thousands of them, one a patient: only those that were last read from are open, with their directories.
import { type FileHandle, open } from "node:fs/promises";
import { configure, type FileEntry, Reader, ZipReader } from "@zip.js/zip.js";
import { FedError } from "../../protocol/errors.ts";
import type { FileListWriter, Folder } from "./file-list.ts";
import { compareNaturally } from "./natural-order.ts";

// Its workers are web workers; what takes the time, decoding, has threads of its own.
configure({ useWebWorkers: false });

/** More than any slice has, and no more than a few of them may fill the memory. */
const maxFileBytes = 2 ** 28;
const maxEntries = 4_000_000;
const longestName = 4096;
/** CT shrinks to a third or so; what shrinks to a thousandth is a bomb. */
const maxRatio = 1000;
/** More than patients are worked on at once. */
const mostOpen = 8;

export interface Zips {
  /**
   * Lists what is in a zip.
   *
   * @param parts names that stand before those in the zip
   * @throws {FedError} ZIP_MALFORMED, ZIP_PASSWORD where it is encrypted and the password is missing or wrong
   */
  list(path: string, parts: readonly string[], add: FileListWriter["add"]): Promise<void>;
  close(): Promise<void>;
}

interface OpenZip {
  readonly file: FileHandle;
  readonly entries: readonly FileEntry[];
}

interface Opened {
  readonly zip: Promise<OpenZip>;
  users: number;
}

export function openZips(password: string | undefined): Zips {
  /** By path; the one that was used last comes last. */
  const opened = new Map<string, Opened>();
  let most = mostOpen;

  async function use<T>(path: string, work: (zip: OpenZip) => Promise<T>): Promise<T> {
    const one = opened.get(path) ?? { zip: openZip(path, password), users: 0 };
    opened.delete(path);
    opened.set(path, one);
    one.users++;
    try {
      return await work(await one.zip);
    } finally {
      one.users--;
      await closeUnused();
    }
  }

  async function closeUnused(): Promise<void> {
    for (const [path, { zip, users }] of [...opened].slice(0, Math.max(0, opened.size - most))) {
      if (users > 0) continue;
      opened.delete(path);
      await zip.then(
        ({ file }) => file.close(),
        () => {},
      );
    }
  }

  return {
    list: (path, parts, add) =>
      use(path, async ({ entries }) => {
        const sourceOf: Folder["sourceOf"] = (_, entry) =>
          use(path, async (zip) => ({ bytes: await unpack(zip.entries[entry]) }));
        const folders = new Map<string, Folder>();
        const listed = entries.map(({ filename }, entry) => ({ names: namesOf(filename), entry }));
        for (const { names, entry } of listed.sort((a, b) => compareNaturally(a.names.join("/"), b.names.join("/")))) {
          const inside = names.slice(0, -1);
          const folder = folders.get(inside.join("/")) ?? { parts: [...parts, ...inside], sourceOf };
          folders.set(inside.join("/"), folder);
          const { uncompressedSize: bytes, signature: version = 0 } = entries[entry]!;
          add(folder, { name: names.at(-1) ?? "", bytes, version, entry });
        }
      }),
    close: () => {
      // Those that are read from close when that is done.
      most = 0;
      return closeUnused();
    },
  };
}

async function openZip(path: string, password: string | undefined): Promise<OpenZip> {
  const file = await open(path, "r").catch(() => {
    throw malformed("it may not be read");
  });
  try {
    const { size } = await file.stat();
    const zip = new ZipReader(new FileReader(file, size), password === undefined ? {} : { password });
    const entries: FileEntry[] = [];
    let isChecked = false;
    for await (const entry of zip.getEntriesGenerator()) {
      if (entries.length >= maxEntries) throw malformed("more entries than an archive of scans has");
      if (entry.directory) continue;
      if (entry.filename.length > longestName) throw malformed("a name that is too long");
      if (entry.encrypted && !isChecked) await checkPassword(entry, password);
      isChecked ||= entry.encrypted;
      entries.push(entry);
    }
    return { file, entries };
  } catch (error) {
    await file.close();
    throw error instanceof FedError ? error : malformed("no list of files");
  }
}

function namesOf(path: string): string[] {
  return path.split(/[\\/]/).filter((name) => name !== "" && name !== "." && name !== "..");
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
async function unpack(entry: FileEntry | undefined): Promise<Uint8Array> {
  if (!entry) throw malformed("it has changed");
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

// Zips as lists of files, read in place: few files in memory at a time, nothing unpacked to disk. There may be thousands of
// zips, one for each patient: only those that were read last are open.
import { type FileHandle, open } from "node:fs/promises";
import { configure, type FileEntry } from "@zip.js/zip.js";
import { openByteBudget } from "../../foundation/byte-budget.ts";
import { FedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { Column, TextColumn } from "./column.ts";
import type { FileListWriter, Folder } from "./file-list.ts";
import { openZipEntry, readZipDirectory, type ZipDirectory } from "./zip-directory.ts";
import { bytesHeld, malformedZip, maxFileBytes, unpack } from "./zip-unpack.ts";

// Its workers are web workers, and decoding, which takes most of the time, has its own threads.
configure({ useWebWorkers: false });

const maxEntries = 2_000_000;
const longestName = 4096;
/** More than the patients in work at a time. */
const mostOpen = 8;

export interface Zips {
  /**
   * Lists the files of a zip.
   *
   * @param parts names that stand before those in the zip
   * @throws ZIP_MALFORMED, ZIP_PASSWORD if it is encrypted and the password is missing or wrong
   */
  list(path: string, parts: readonly string[], add: FileListWriter["add"]): Promise<void>;
  close(): Promise<void>;
}

interface Opened {
  readonly file: Promise<FileHandle>;
  users: number;
}

export function openZips(password: string | undefined): Zips {
  /** By path, in the order of their last use. */
  const opened = new Map<string, Opened>();
  /** Limits the unpacked bytes in work, whatever the entries claim. */
  const budget = openByteBudget(maxFileBytes);
  let most = mostOpen;

  async function use<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
    const one = opened.get(path) ?? { file: openFile(path), users: 0 };
    opened.delete(path);
    opened.set(path, one);
    one.users++;
    try {
      return await work(await one.file);
    } finally {
      one.users--;
      await closeUnused();
    }
  }

  async function closeUnused(): Promise<void> {
    for (const [path, { file, users }] of [...opened].slice(0, Math.max(0, opened.size - most))) {
      if (users > 0) continue;
      opened.delete(path);
      await file.then(
        (open) => open.close(),
        () => {},
      );
    }
  }

  return {
    async list(path, parts, add) {
      const { directory, entries } = await use(path, (file) => listEntries(file, password));
      const useFile: Folder["use"] = (_, place, work, beginning) =>
        use(path, async (file) => {
          const entry = await entryAt(file, directory, place, password);
          return budget.hold(bytesHeld(entry), async () => {
            const bytes = await unpack(file, directory.prepended, entry, beginning);
            return work({ bytes }).finally(() => giveBack(bytes));
          });
        });
      const folders = new Map<string, Folder>();
      for (let index = 0; index < entries.places.length; index++) {
        const names = namesOf(entries.names.at(index));
        const inside = names.slice(0, -1);
        const folder = folders.get(inside.join("/")) ?? { parts: [...parts, ...inside], use: useFile };
        folders.set(inside.join("/"), folder);
        const [bytes, version, entry] = [
          entries.bytes.at(index),
          entries.checksums.at(index),
          entries.places.at(index),
        ];
        add(folder, { name: names.at(-1) ?? "", bytes, version, entry });
      }
    },
    close: () => {
      // Zips that are being read close afterwards.
      most = 0;
      return closeUnused();
    },
  };
}

function openFile(path: string): Promise<FileHandle> {
  return open(path, "r").catch(() => {
    throw malformedZip("it may not be read");
  });
}

interface Entries {
  readonly names: TextColumn;
  readonly bytes: Column;
  readonly checksums: Column;
  /** Offsets of their records in the directory. */
  readonly places: Column;
}

/** All files of a zip, or none if its directory is damaged. */
async function listEntries(
  file: FileHandle,
  password: string | undefined,
): Promise<{ readonly directory: ZipDirectory; readonly entries: Entries }> {
  const entries: Entries = {
    names: new TextColumn(),
    bytes: new Column("float64"),
    checksums: new Column("uint32"),
    places: new Column("uint32"),
  };
  let isChecked = false;
  try {
    const directory = await readZipDirectory(file, password, async (entry, place) => {
      if (entries.places.length >= maxEntries) throw malformedZip("more entries than an archive of scans has");
      if (entry.directory) return;
      if (entry.filename.length > longestName) throw malformedZip("a name that is too long");
      if (entry.encrypted && !isChecked) await checkPassword(entry, password);
      isChecked ||= entry.encrypted;
      entries.names.push(entry.filename);
      entries.bytes.push(entry.uncompressedSize);
      entries.checksums.push(entry.signature ?? 0);
      entries.places.push(place);
    });
    return { directory, entries };
  } catch (error) {
    throw error instanceof FedError ? error : malformedZip("no list of files");
  }
}

async function entryAt(
  file: FileHandle,
  directory: ZipDirectory,
  place: number,
  password: string | undefined,
): Promise<FileEntry> {
  const entry = await openZipEntry(file, directory, place, password).catch(() => undefined);
  if (!entry || entry.directory) throw malformedZip("it has changed");
  return entry;
}

function namesOf(path: string): string[] {
  return path.split(/[\\/]/).filter((name) => name !== "" && name !== "." && name !== "..");
}

async function checkPassword(entry: FileEntry, password: string | undefined): Promise<void> {
  const facts = { given: password !== undefined };
  const remedy = "the zip is encrypted: give its password with --password-file, or type it when asked";
  if (password === undefined) throw new FedError("ZIP_PASSWORD", facts, { remedy });
  await entry.getData(new WritableStream(), { checkPasswordOnly: true }).catch(() => {
    throw new FedError("ZIP_PASSWORD", facts, { remedy });
  });
}

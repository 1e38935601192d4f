// The files of an archive, a folder or zips in it, in an order that does not depend on the disk.
import type { Dirent } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { inOrder } from "../../foundation/in-order.ts";
import { compareNaturally } from "../../foundation/natural-order.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { type FileList, type FileListWriter, type Folder, type ListedFile, openFileList } from "./file-list.ts";
import { openZips, type Zips } from "./zip.ts";

export interface OpenArchive {
  readonly files: FileList;
  close(): Promise<void>;
}

const ignored = /^(\.|__MACOSX$|Thumbs\.db$|DICOMDIR$|desktop\.ini$)/i;

/**
 * Lists a folder of any nesting, or a zip; a zip within the folder counts as a folder of its name, and as a refused file
 * where it is damaged.
 *
 * @throws {FedError} ARCHIVE_UNREADABLE, ARCHIVE_EMPTY, ZIP_MALFORMED, ZIP_PASSWORD
 */
export async function openArchive(root: string, { password }: { password?: string | undefined }): Promise<OpenArchive> {
  const found = await stat(root).catch(unreadable);
  const zips = openZips(password);
  const list = openFileList();
  try {
    if (found.isDirectory()) await listFolder(root, [], { list, zips });
    else if (isZip(root)) await zips.list(root, [], addUnlessIgnored(list));
    else list.add(onDisk(dirname(root), []), { name: basename(root), ...about(found) });
    const files = list.finish();
    if (files.length === 0) {
      const remedy = "give a folder or zip that holds DICOM files, or slices as jpg or png";
      throw new FedError("ARCHIVE_EMPTY", {}, { remedy });
    }
    return { files, close: zips.close };
  } catch (error) {
    await zips.close();
    throw error;
  }
}

function unreadable(cause: unknown): never {
  throw new FedError("ARCHIVE_UNREADABLE", {}, { cause, remedy: "give a folder or a zip that you may read" });
}

/** Looked at together, since each look waits for the disk. */
const looksAhead = 32;

async function listFolder(
  path: string,
  parts: readonly string[],
  into: { readonly list: FileListWriter; readonly zips: Zips },
): Promise<void> {
  const { list, zips } = into;
  const folder = onDisk(path, parts);
  const entries = (await readdir(path, { withFileTypes: true }).catch(unreadable))
    .filter((entry) => !ignored.test(entry.name) && (entry.isFile() || entry.isDirectory()))
    // Nearly the order of the finished list, which is then soon in order.
    .sort((a, b) => compareNaturally(sortName(a), sortName(b)));
  const looked = inOrder(entries, looksAhead, async (entry) => ({
    entry,
    found: entry.isFile() ? about(await stat(join(path, entry.name)).catch(unreadable)) : undefined,
  }));
  for await (const { entry, found } of looked) {
    const { name } = entry;
    const inside = join(path, name);
    if (!found) await listFolder(inside, [...parts, name], into);
    else if (!isZip(name)) list.add(folder, { name, ...found });
    else {
      try {
        // positive.zip is a folder positive.
        await zips.list(inside, [...parts, name.replace(/\.zip$/i, "")], addUnlessIgnored(list));
      } catch (error) {
        if (!isFedError(error, "ZIP_MALFORMED")) throw error;
        list.add(folder, { name, ...found, refusal: error });
      }
    }
  }
}

function sortName(entry: Dirent): string {
  return `/${entry.name}${entry.isDirectory() ? "/" : ""}`;
}

function isZip(name: string): boolean {
  return /\.zip$/i.test(name);
}

function about({ size, mtimeMs }: { size: number; mtimeMs: number }): { bytes: number; version: number } {
  return { bytes: size, version: Math.trunc(mtimeMs) };
}

function onDisk(path: string, parts: readonly string[]): Folder {
  return { parts, use: (name, _, work) => work({ path: join(path, name) }) };
}

/** Without what operating systems leave in folders, and directories of DICOM files, which the files make needless. */
function addUnlessIgnored(list: FileListWriter): FileListWriter["add"] {
  return (folder, file) => {
    if (![...folder.parts, file.name].some((part) => ignored.test(part))) list.add(folder, file);
  };
}

export function readBytes(file: ListedFile): Promise<Uint8Array> {
  return file.use(async (source) => ("bytes" in source ? new Uint8Array(source.bytes) : readFile(source.path)));
}

/** The first bytes of a source, to tell pictures from other files. */
export async function firstBytes(source: DicomSource, count: number): Promise<Uint8Array> {
  if ("bytes" in source) return source.bytes.subarray(0, count);
  const file = await open(source.path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

// The files of an archive, a folder or zips in it, in an order that does not depend on the disk.
import type { Dirent, Stats } from "node:fs";
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
 * Lists a folder of any nesting, or a zip; a zip within the folder counts as a folder of its name. Links are followed within
 * the archive's file system. What cannot be read (a damaged zip, a folder without permission, a link that leads nowhere) is
 * listed with its refusal, and costs nothing else.
 *
 * @throws ARCHIVE_UNREADABLE, ARCHIVE_EMPTY, ZIP_MALFORMED, ZIP_PASSWORD
 */
export async function openArchive(root: string, { password }: { password?: string | undefined }): Promise<OpenArchive> {
  const found = await stat(root).catch(unreadable);
  const zips = openZips(password);
  const list = openFileList();
  try {
    if (found.isDirectory()) await listRoot(root, found, { list, zips });
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

/** Asked for together, since each answer waits for the disk. */
const looksAhead = 32;
/** An archive of links that lead into each other is not gone through without end. */
const mostLinks = 100_000;

interface Listing {
  readonly list: FileListWriter;
  readonly zips: Zips;
  /** The file system of the archive. */
  readonly device: number;
  links: number;
}

interface Place {
  readonly path: string;
  /** Names below the archive's folder. */
  readonly parts: readonly string[];
  /** The folders in which it lies, by device and inode: a link to one of them is a loop. */
  readonly above: ReadonlySet<string>;
}

async function listRoot(root: string, found: Stats, into: Pick<Listing, "list" | "zips">): Promise<void> {
  await readdir(root).catch(unreadable);
  const listing = { ...into, device: found.dev, links: 0 };
  await listFolder({ path: root, parts: [], above: new Set([identityOf(found)]) }, listing);
}

async function listFolder({ path, parts, above }: Place, into: Listing): Promise<void> {
  const { list, zips } = into;
  const folder = onDisk(path, parts);
  const named = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!named) {
    const refusal = new FedError("FOLDER_UNREADABLE");
    list.add(onDisk(dirname(path), parts.slice(0, -1)), { name: basename(path), bytes: 0, version: 0, refusal });
    return;
  }
  const entries = named
    .filter((entry) => !ignored.test(entry.name) && (entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()))
    // Nearly the order of the finished list, which is then sorted quickly.
    .sort((a, b) => compareNaturally(sortName(a), sortName(b)));
  const looked = inOrder(entries, looksAhead, async (entry) => {
    const isOwn = entry.isDirectory();
    return { entry, found: isOwn ? undefined : await stat(join(path, entry.name)).catch(reasonOf) };
  });
  for await (const { entry, found } of looked) {
    const { name } = entry;
    const inside: Place = { path: join(path, name), parts: [...parts, name], above };
    const refuse = (refusal: FedError) => list.add(folder, { name, bytes: 0, version: 0, refusal });
    if (found === undefined) {
      const own = await stat(inside.path).catch(() => undefined);
      // Met again through a link to a folder above the archive.
      if (own && above.has(identityOf(own))) refuse(notFollowed("loop"));
      else await listFolder(own ? { ...inside, above: new Set([...above, identityOf(own)]) } : inside, into);
    } else if (typeof found === "string") refuse(entry.isSymbolicLink() ? notFollowed(found) : fileUnreadable(found));
    else if (entry.isSymbolicLink() && found.dev !== into.device) refuse(notFollowed("another file system"));
    else if (found.isDirectory()) {
      if (above.has(identityOf(found))) refuse(notFollowed("loop"));
      else if (++into.links > mostLinks) refuse(notFollowed("too many links"));
      else await listFolder({ ...inside, above: new Set([...above, identityOf(found)]) }, into);
    } else if (!found.isFile()) continue;
    else if (!isZip(name)) list.add(folder, { name, ...about(found) });
    else {
      try {
        // positive.zip counts as a folder named positive.
        await zips.list(inside.path, [...parts, name.replace(/\.zip$/i, "")], addUnlessIgnored(list));
      } catch (error) {
        if (!isFedError(error, "ZIP_MALFORMED")) throw error;
        list.add(folder, { name, ...about(found), refusal: error });
      }
    }
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === "ELOOP" ? "loop" : error.code === "ENOENT" ? "leads nowhere" : (error.code ?? "unreadable");
}

function notFollowed(reason: string): FedError {
  return new FedError("LINK_NOT_FOLLOWED", { reason });
}

function fileUnreadable(reason: string): FedError {
  return new FedError(
    "FILE_UNREADABLE",
    { reason },
    { remedy: "check the file's name and permissions, and copy it again" },
  );
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

/** Skips files of operating systems, and DICOMDIR, which repeats what the files say. */
function addUnlessIgnored(list: FileListWriter): FileListWriter["add"] {
  return (folder, file) => {
    if (![...folder.parts, file.name].some((part) => ignored.test(part))) list.add(folder, file);
  };
}

export function readBytes(file: ListedFile): Promise<Uint8Array> {
  return file.use(async (source) => ("bytes" in source ? new Uint8Array(source.bytes) : readFile(source.path)));
}

/** The first bytes of a source, by which pictures are recognised. */
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

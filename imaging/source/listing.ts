// The files of an archive, a folder or zips in it, in an order that does not depend on the disk.
import type { Dirent, Stats } from "node:fs";
import { open, readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { inOrder } from "../../foundation/in-order.ts";
import { compareNaturally } from "../../foundation/natural-order.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { onDisk } from "../dicom/open-file.ts";
import { type FileList, type FileListWriter, type Folder, type ListedFile, openFileList } from "./file-list.ts";
import type { Zips } from "./zip.ts";

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
  const zips = zipsWhenMet(password);
  const list = openFileList();
  try {
    if (found.isDirectory()) await listRoot(root, found, { list, zips });
    else if (isZip(root)) await zips.list(root, [], addUnlessIgnored(list));
    else list.add(folderAt(dirname(root), []), { name: basename(root), ...about(found) });
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

/** The library of zips is the largest of an import, and loaded with the first zip. */
function zipsWhenMet(password: string | undefined): Zips {
  let opened: Promise<Zips> | undefined;
  return {
    async list(...zip) {
      opened ??= import("./zip.ts").then(({ openZips }) => openZips(password));
      await (await opened).list(...zip);
    },
    close: async () => (await opened)?.close(),
  };
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
  readonly path: DiskPath;
  /** Names below the archive's folder. */
  readonly parts: readonly string[];
  /** The folders in which it lies, by device and inode: a link to one of them is a loop. */
  readonly above: ReadonlySet<string>;
}

async function listRoot(root: string, found: Stats, into: Pick<Listing, "list" | "zips">): Promise<void> {
  await readdir(root).catch(unreadable);
  const listing = { ...into, device: found.dev, links: 0 };
  // A link to a folder around the archive would bring in all that lies beside it, up to the whole disk.
  const above = new Set([identityOf(found), ...(await foldersAround(root))]);
  await listFolder({ path: root, parts: [], above }, listing);
}

async function foldersAround(root: string): Promise<string[]> {
  const around: string[] = [];
  for (let inner = await realpath(root); inner !== dirname(inner); ) {
    inner = dirname(inner);
    around.push(identityOf(await stat(inner)));
  }
  return around;
}

async function listFolder({ path, parts, above }: Place, into: Listing): Promise<void> {
  const { list, zips } = into;
  const found = await entriesOf(path);
  if (!found) {
    const refusal = new FedError("FOLDER_UNREADABLE");
    list.add(folderAt(path, parts.slice(0, -1)), { name: parts.at(-1) ?? "", bytes: 0, version: 0, refusal });
    return;
  }
  const entries = found
    .filter(({ name, kind }) => !ignored.test(name) && (kind.isFile() || kind.isDirectory() || kind.isSymbolicLink()))
    // Nearly the order of the finished list, which is then sorted quickly.
    .sort((a, b) => compareNaturally(sortName(a), sortName(b)));
  const odd = new Map(entries.flatMap(({ name, onDisk }) => (typeof onDisk === "string" ? [] : [[name, onDisk]])));
  const folder = folderAt(path, parts, odd.size > 0 ? odd : undefined);
  const looked = inOrder(entries, looksAhead, async (entry) => {
    const isOwn = entry.kind.isDirectory();
    return { entry, status: isOwn ? undefined : await stat(inside(path, entry.onDisk)).catch(reasonOf) };
  });
  for await (const { entry, status } of looked) {
    const { name, kind } = entry;
    const place: Place = { path: inside(path, entry.onDisk), parts: [...parts, name], above };
    const refuse = (refusal: FedError) => list.add(folder, { name, bytes: 0, version: 0, refusal });
    if (odd.has(name) && typeof entry.onDisk === "string") refuse(fileUnreadable("another name without its encoding"));
    else if (status === undefined) {
      const own = await stat(place.path).catch(() => undefined);
      // Met again through a link to another folder.
      if (own && above.has(identityOf(own))) refuse(notFollowed("loop"));
      else await listFolder(own ? { ...place, above: new Set([...above, identityOf(own)]) } : place, into);
    } else if (typeof status === "string") refuse(kind.isSymbolicLink() ? notFollowed(status) : fileUnreadable(status));
    else if (kind.isSymbolicLink() && status.dev !== into.device) refuse(notFollowed("another file system"));
    else if (status.isDirectory()) {
      if (above.has(identityOf(status))) refuse(notFollowed("loop"));
      else if (++into.links > mostLinks) refuse(notFollowed("too many links"));
      else await listFolder({ ...place, above: new Set([...above, identityOf(status)]) }, into);
    } else if (!status.isFile()) continue;
    else if (!isZip(name)) list.add(folder, { name, ...about(status) });
    else if (typeof place.path !== "string") refuse(fileUnreadable("a zip whose name is not UTF-8"));
    else {
      try {
        // positive.zip counts as a folder named positive.
        await zips.list(place.path, [...parts, name.replace(/\.zip$/i, "")], addUnlessIgnored(list));
      } catch (error) {
        if (!isFedError(error, "ZIP_MALFORMED")) throw error;
        list.add(folder, { name, ...about(status), refusal: error });
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

function sortName({ name, kind }: FolderEntry): string {
  return `/${name}${kind.isDirectory() ? "/" : ""}`;
}

function isZip(name: string): boolean {
  return /\.zip$/i.test(name);
}

function about({ size, mtimeMs }: { size: number; mtimeMs: number }): { bytes: number; version: number } {
  return { bytes: size, version: Math.trunc(mtimeMs) };
}

/** @param names of files as bytes, where they are not UTF-8 */
function folderAt(path: DiskPath, parts: readonly string[], names?: ReadonlyMap<string, Buffer>): Folder {
  return { parts, use: (name, _, work) => work({ path: inside(path, names?.get(name) ?? name) }) };
}

/** A path of which a name is not UTF-8 has only bytes. */
type DiskPath = string | Buffer;

function inside(folder: DiskPath, name: DiskPath): DiskPath {
  if (typeof folder === "string" && typeof name === "string") return join(folder, name);
  return Buffer.concat([Buffer.from(folder), Buffer.from("/"), Buffer.from(name)]);
}

interface FolderEntry {
  /** As text: names that are not UTF-8 come from systems that wrote Latin-1. */
  readonly name: string;
  readonly onDisk: DiskPath;
  readonly kind: Dirent<Buffer>;
}

/** What a folder holds; undefined where it may not be read. */
async function entriesOf(folder: DiskPath): Promise<FolderEntry[] | undefined> {
  const found = await readdir(folder, { withFileTypes: true, encoding: "buffer" }).catch(() => undefined);
  return found?.map((kind) => {
    const bytes = kind.name;
    const name = bytes.toString();
    const isText = Buffer.from(name).equals(bytes);
    return { name: isText ? name : bytes.toString("latin1"), onDisk: isText ? name : bytes, kind };
  });
}

/** Skips files of operating systems, and DICOMDIR, which repeats what the files say. */
function addUnlessIgnored(list: FileListWriter): FileListWriter["add"] {
  return (folder, file) => {
    if (![...folder.parts, file.name].some((part) => ignored.test(part))) list.add(folder, file);
  };
}

export function readBytes(file: ListedFile): Promise<Uint8Array> {
  return file.use(async (source) => ("bytes" in source ? new Uint8Array(source.bytes) : readFile(onDisk(source.path))));
}

/** The first bytes of a source, by which pictures are recognised. */
export async function firstBytes(source: DicomSource, count: number): Promise<Uint8Array> {
  if ("bytes" in source) return source.bytes.subarray(0, count);
  const file = await open(onDisk(source.path), "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

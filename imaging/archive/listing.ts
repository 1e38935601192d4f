// The files of an archive, a folder or zips in it, in an order that does not depend on the disk.
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { FedError, isFedError } from "../../protocol/errors.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { openZip } from "./zip.ts";

export interface ListedFile {
  /** Names below the archive's folder, the file's own last. They may name a patient: they never leave the imaging room. */
  readonly parts: readonly string[];
  readonly bytes: number;
  /** Changes with the file: when it was written, or a zip's checksum of it. */
  readonly version: number;
  /** Why it can be no more than listed: a zip that does not open. */
  readonly refusal?: FedError;
  /** What the decoders read: a path, or the bytes out of a zip. */
  source(): Promise<DicomSource>;
}

export interface OpenArchive {
  readonly files: readonly ListedFile[];
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
  const paths = found.isDirectory() ? await pathsBelow(root) : [root];
  const files: ListedFile[] = [];
  const closing: (() => Promise<void>)[] = [];
  const close = async () => void (await Promise.all(closing.map((one) => one())));
  try {
    for (const path of paths) {
      const parts = path === root ? [basename(path)] : relative(root, path).split(sep);
      const { size, mtimeMs } = await stat(path).catch(unreadable);
      const file = { parts, bytes: size, version: Math.trunc(mtimeMs), source: async () => ({ path }) };
      if (!/\.zip$/i.test(path)) files.push(file);
      else {
        const zip = await openZip(path, path === root ? [] : folderOf(parts), password).catch((error: unknown) => {
          if (path !== root && isFedError(error, "ZIP_MALFORMED")) return error;
          throw error;
        });
        if (isFedError(zip)) files.push({ ...file, refusal: zip });
        else {
          closing.push(zip.close);
          files.push(...zip.files.filter((one) => !isIgnored(one.parts)));
        }
      }
    }
    if (files.length === 0) {
      const remedy = "give a folder or zip that holds DICOM files, or slices as jpg or png";
      throw new FedError("ARCHIVE_EMPTY", {}, { remedy });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { files: inNaturalOrder(files), close };
}

function unreadable(cause: unknown): never {
  throw new FedError("ARCHIVE_UNREADABLE", {}, { cause, remedy: "give a folder or a zip that you may read" });
}

async function pathsBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(unreadable);
  const paths = entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
  return paths.filter((path) => !isIgnored(relative(root, path).split(sep)));
}

/** positive.zip is a folder positive. */
function folderOf(parts: readonly string[]): string[] {
  return [...parts.slice(0, -1), parts.at(-1)!.replace(/\.zip$/i, "")];
}

/** What operating systems leave in folders, and directories of DICOM files, which the files themselves make needless. */
function isIgnored(parts: readonly string[]): boolean {
  return parts.some((part) => ignored.test(part));
}

function inNaturalOrder(files: readonly ListedFile[]): ListedFile[] {
  const keyed = files.map((file) => ({ file, path: file.parts.join("/") }));
  return keyed.sort((a, b) => compareNaturally(a.path, b.path)).map(({ file }) => file);
}

export async function readBytes(file: ListedFile): Promise<Uint8Array> {
  const source = await file.source();
  return "bytes" in source ? source.bytes : readFile(source.path);
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

/** slice-2 before slice-10; the same on every machine, whatever its locale. */
export function compareNaturally(a: string, b: string): number {
  const pieces = (text: string) => text.match(/\d+|\D+/g) ?? [];
  const [left, right] = [pieces(a), pieces(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one, other] = [left[at]!, right[at]!];
    const isNumber = /^\d/.test(one) && /^\d/.test(other);
    const difference = isNumber ? Number(one) - Number(other) : one < other ? -1 : one > other ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}

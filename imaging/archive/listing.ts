// The files of an archive, in an order that does not depend on the disk.
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { FedError } from "../../protocol/errors.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";

export interface ListedFile {
  /** Names below the archive's folder, the file's own last. They may name a patient: they never leave the imaging room. */
  readonly parts: readonly string[];
  readonly bytes: number;
  readonly modifiedMs: number;
  /** What the decoders read: a path, or the bytes out of a zip. */
  source(): Promise<DicomSource>;
  /** The first bytes, to tell pictures from other files. */
  start(bytes: number): Promise<Uint8Array>;
  read(): Promise<Uint8Array>;
}

const ignored = /^(\.|__MACOSX|Thumbs\.db$|DICOMDIR$|desktop\.ini$)/i;

/** @throws {FedError} ARCHIVE_UNREADABLE, ARCHIVE_EMPTY */
export async function listFolder(root: string): Promise<ListedFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new FedError("ARCHIVE_UNREADABLE", {}, { cause, remedy: "give a folder or a zip that you may read" });
  });
  const files: ListedFile[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const parts = relative(root, path).split(sep);
    if (!entry.isFile() || isIgnored(parts)) continue;
    const { size, mtimeMs } = await stat(path);
    files.push(fileOnDisk(path, parts, size, Math.trunc(mtimeMs)));
  }
  return files;
}

/** What operating systems leave in folders, and directories of DICOM files, which the files themselves make needless. */
export function isIgnored(parts: readonly string[]): boolean {
  return parts.some((part) => ignored.test(part));
}

export function inNaturalOrder(files: readonly ListedFile[]): ListedFile[] {
  if (files.length === 0) {
    const remedy = "give a folder or zip that holds DICOM files, or slices as jpg or png";
    throw new FedError("ARCHIVE_EMPTY", {}, { remedy });
  }
  const keyed = files.map((file) => ({ file, path: file.parts.join("/") }));
  return keyed.sort((a, b) => compareNaturally(a.path, b.path)).map(({ file }) => file);
}

export function fileOnDisk(path: string, parts: readonly string[], bytes: number, modifiedMs: number): ListedFile {
  return {
    parts,
    bytes,
    modifiedMs,
    source: async () => ({ path }),
    read: () => readFile(path),
    async start(count) {
      const file = await open(path, "r");
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
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

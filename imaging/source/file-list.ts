// The files of an archive in natural order. There may be a million: about seventy bytes are stored for each, and a file's
// description is built when it is read.
import type { FedError } from "../../foundation/errors.ts";
import { compareNaturally } from "../../foundation/natural-order.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { Column, TextColumn } from "./column.ts";

export interface ListedFile {
  /** Names below the archive's folder, the file's own last. They may name a patient: they never leave `imaging`. */
  readonly parts: readonly string[];
  readonly bytes: number;
  /** Changes with the file: its modification time, or its checksum in the zip. */
  readonly version: number;
  /** By which its folder identifies it, beside its name. */
  readonly entry: number;
  /** Why it is only listed and not read: a zip that does not open, a link that is not followed. */
  readonly refusal: FedError | undefined;
  /**
   * Runs `work` on the source that decoders read: a path, or bytes of a zip, which stay in memory until `work` has ended.
   * @param beginning so many of the first bytes are enough
   */
  use<T>(work: (source: DicomSource) => Promise<T>, beginning?: number): Promise<T>;
}

/** A folder with files, on disk or in a zip. */
export interface Folder {
  /** Names below the archive's folder. */
  readonly parts: readonly string[];
  /** @param entry the number that the file was listed with */
  use<T>(
    name: string,
    entry: number,
    work: (source: DicomSource) => Promise<T>,
    beginning: number | undefined,
  ): Promise<T>;
}

export interface FileList extends Iterable<ListedFile> {
  readonly length: number;
  /** Files arrive in the source's own order: all that are needed should be asked for at once. */
  readonly inAnyOrder?: boolean;
  at(place: number): ListedFile;
}

export interface NewFile {
  readonly name: string;
  readonly bytes: number;
  readonly version: number;
  /** By which the folder identifies the file, beside its name; default 0. */
  readonly entry?: number;
  readonly refusal?: FedError;
}

export interface FileListWriter {
  add(folder: Folder, file: NewFile): void;
  /** The list, in natural order of paths. */
  finish(): FileList;
}

export function openFileList(): FileListWriter {
  const folders: Folder[] = [];
  const numbers = new Map<Folder, number>();
  const [folderOf, bytes, version, entry] = [
    new Column("uint32"),
    new Column("float64"),
    new Column("float64"),
    new Column("uint32"),
  ];
  const names = new TextColumn();
  const refusals = new Map<number, FedError>();

  function view(index: number): ListedFile {
    const folder = folders[folderOf.at(index)]!;
    const name = names.at(index);
    return {
      parts: [...folder.parts, name],
      bytes: bytes.at(index),
      version: version.at(index),
      entry: entry.at(index),
      refusal: refusals.get(index),
      use: (work, beginning) => folder.use(name, entry.at(index), work, beginning),
    };
  }

  function compare(a: number, b: number): number {
    const [one, other] = [folderOf.at(a), folderOf.at(b)];
    if (one !== other) return compareNaturally(view(a).parts.join("/"), view(b).parts.join("/"));
    // Within one folder names decide. The slash before them is part of the paths that are compared.
    const slash = folders[one]!.parts.length > 0 ? "/" : "";
    return compareNaturally(slash + names.at(a), slash + names.at(b));
  }

  return {
    add(folder, file) {
      let number = numbers.get(folder);
      if (number === undefined) {
        number = folders.push(folder) - 1;
        numbers.set(folder, number);
      }
      if (file.refusal) refusals.set(folderOf.length, file.refusal);
      folderOf.push(number);
      names.push(file.name);
      bytes.push(file.bytes);
      version.push(file.version);
      entry.push(file.entry ?? 0);
    },
    finish() {
      const order = Uint32Array.from(Array.from({ length: folderOf.length }, (_, index) => index).sort(compare));
      return {
        length: order.length,
        at: (place) => view(order[place]!),
        *[Symbol.iterator]() {
          for (const index of order) yield view(index);
        },
      };
    },
  };
}

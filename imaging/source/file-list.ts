// The files of an archive in natural order. There may be a million: what is kept of each are some seventy bytes, and what is
// told of one is put together when it is asked for.
import type { FedError } from "../../foundation/errors.ts";
import { compareNaturally } from "../../foundation/natural-order.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { Column, TextColumn } from "./column.ts";

export interface ListedFile {
  /** Names below the archive's folder, the file's own last. They may name a patient: they never leave the imaging room. */
  readonly parts: readonly string[];
  readonly bytes: number;
  /** Changes with the file: when it was written, or a zip's checksum of it. */
  readonly version: number;
  /** Why it can be no more than listed: a zip that does not open. */
  readonly refusal: FedError | undefined;
  /**
   * Runs `work` on what the decoders read: a path, or bytes out of a zip, which are in memory until it has ended.
   * @param beginning where so many of the first bytes are enough, there may come no more
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
  at(place: number): ListedFile;
}

export interface NewFile {
  readonly name: string;
  readonly bytes: number;
  readonly version: number;
  /** What the folder tells the file by, beside its name; default 0. */
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
      refusal: refusals.get(index),
      use: (work, beginning) => folder.use(name, entry.at(index), work, beginning),
    };
  }

  function compare(a: number, b: number): number {
    const [one, other] = [folderOf.at(a), folderOf.at(b)];
    if (one !== other) return compareNaturally(view(a).parts.join("/"), view(b).parts.join("/"));
    // In one folder names tell; the stroke before them belongs to what they are compared by.
    const stroke = folders[one]!.parts.length > 0 ? "/" : "";
    return compareNaturally(stroke + names.at(a), stroke + names.at(b));
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

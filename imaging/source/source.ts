// What an import reads from, in whatever form its files lie there.
import type { DecodePool } from "../dicom/decode-pool.ts";
import type { Examined } from "./examine.ts";
import type { FileList } from "./file-list.ts";

export interface Source {
  readonly files: FileList;
  /** Aborts with the reason when the source fails as a whole, and no longer file by file. */
  readonly failed?: AbortSignal;
  /** One result a file, in the order of the listing. */
  examine(pool: DecodePool, signal?: AbortSignal): AsyncGenerator<Examined, void>;
  close(): Promise<void>;
}

export interface SourceProgress {
  readonly stage: "studies";
  readonly done: number;
  readonly total: number;
}

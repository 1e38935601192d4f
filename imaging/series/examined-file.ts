// A file of an archive with its header: what series are selected from.
import type { CtInstance } from "../dicom/ct-instance.ts";

/** A file's header as a part of its series: all but the file's own name. */
export type SeriesInstance = Omit<CtInstance, "instanceUid">;

export interface ExaminedFile {
  /** Place in the archive's listing. */
  readonly file: number;
  /** Of the SOPInstanceUID: the same for copies of one object; undefined where the file has none. */
  readonly identity?: number | undefined;
  readonly instance: SeriesInstance;
}

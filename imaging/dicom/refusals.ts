// Why a DICOM file is refused: codes, and facts that quote nothing of the file.
import { FedError } from "../../foundation/errors.ts";

/** Bytes that are not a DICOM file. */
export function foreign(size: number): FedError {
  return new FedError("DICOM_FOREIGN", { size }, { remedy: "leave files that are not DICOM out of the folder" });
}

/** A length in the file points past its end; `needed` is the offset up to which bytes are needed. */
export function truncated(size: number, needed?: number): FedError {
  return new FedError("DICOM_TRUNCATED", { size, needed }, { remedy: "copy or export the file again" });
}

/** Invalid bytes within a DICOM file. */
export function malformed(part: string, offset?: number): FedError {
  return new FedError("DICOM_MALFORMED", { part, offset }, { remedy: "copy or export the file again" });
}

/** More than a limit of limits.ts allows. */
export function tooLarge(what: string, found: number | string, limit: number | string): FedError {
  return new FedError(
    "DICOM_TOO_LARGE",
    { what, found, limit },
    { remedy: "export the study again as one uncompressed file a slice" },
  );
}

/** A transfer syntax, pixel layout or content that no decoder here takes. */
export function unsupported(what: string, facts: Readonly<Record<string, string | number>>): FedError {
  return new FedError(
    "DICOM_UNSUPPORTED",
    { what, ...facts },
    { remedy: "export the study again, uncompressed and in grey values" },
  );
}

/** Compressed pixels that do not decode to the frame that the header announces. */
export function damagedPixels(frame: number, why: string): FedError {
  return new FedError("DICOM_PIXELS_DAMAGED", { frame, why }, { remedy: "copy or export the file again" });
}

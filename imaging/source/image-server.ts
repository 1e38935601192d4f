// What an import needs from a hospital's image server (PACS), whatever protocol it speaks: io/pacs implements it.
import { isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";

/** Where an instance is on an image server. */
export interface InstanceName {
  /** StudyInstanceUID (0020,000D). */
  readonly studyUid: string;
  /** SeriesInstanceUID (0020,000E). */
  readonly seriesUid: string;
  /** SOPInstanceUID (0008,0018). */
  readonly instanceUid: string;
}

/** An instance as a server lists it, without its pixels. */
export interface ListedInstance extends InstanceName {
  /** Its elements but the pixels, in the JSON model of PS3.18 F; undefined where the server has no such answer. Foreign. */
  readonly dataset: unknown;
}

/** A hospital's image server, with the query that chose its studies. */
export interface ImageServer {
  /** StudyInstanceUIDs of the studies that the query matches. @throws those of isServerFailure */
  find(options: Waiting): AsyncIterable<string>;
  /** Describes all instances of a study. @throws PACS_GONE where the study no longer exists, and those of isServerFailure */
  instances(studyUid: string, options: Waiting): Promise<readonly ListedInstance[]>;
  /**
   * The instance as a DICOM file (PS3.10) in the transfer syntax in which the server stores it.
   *
   * @throws PACS_GONE, PACS_TRUNCATED, PACS_MALFORMED, PACS_TOO_LARGE, PACS_REFUSED: about the instance;
   * and those of isServerFailure
   */
  bring(instance: InstanceName, options: Waiting): Promise<Uint8Array>;
  /**
   * All instances of a series in one answer, in any order: several times as fast as one by one. An instance may come again
   * where an answer broke off. Undefined where a server has no such answer.
   *
   * @param take is called with one instance after the other, whose memory it gives back (give-back.ts) after use
   * @throws as `bring`
   */
  bringSeries?(
    series: Omit<InstanceName, "instanceUid">,
    take: (bytes: Uint8Array) => Promise<void>,
    options: Waiting,
  ): Promise<void>;
}

/** Failures that are not about one study or instance: all others would fail in the same way. */
export function isServerFailure(error: unknown): boolean {
  return isFedError(
    error,
    ...(["PACS_UNREACHABLE", "PACS_UNAUTHORISED", "PACS_CERTIFICATE", "PACS_BUSY", "PACS_SLOW", "PACS_TOKEN"] as const),
    ...(["PACS_NO_SERVICE", "PACS_RECEIVER"] as const),
  );
}

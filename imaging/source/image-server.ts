// What an import needs from a hospital's image server (PACS), whatever protocol it speaks: io/pacs implements it.
import { isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";

export interface InstanceName {
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly instanceUid: string;
}

export interface ListedInstance extends InstanceName {
  /** Its elements but the pixels, in the JSON model of PS3.18 F; undefined where the server has no such answer. Foreign. */
  readonly dataset: unknown;
}

export interface ImageServer {
  /** UIDs of the studies that the query matches. */
  find(options: Waiting): AsyncIterable<string>;
  /** @throws PACS_GONE where the study no longer exists, and those of isServerFailure */
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
   * @param take is called with one instance after the other
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
  );
}

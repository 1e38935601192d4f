// What the import and its DIMSE process say to each other: requests as lines of JSON, answers as frames of a kind, the number
// of an association and bytes, so that instances pass through without being copied into JSON.
import { z } from "zod";
import type { TlsFiles } from "../http.ts";

/** Where the PACS is, and who asks. AE titles, as in PS3.8. */
export interface DimsePeer {
  readonly host: string;
  readonly port: number;
  readonly calling: string;
  readonly called: string;
  /** Undefined for a connection without TLS. */
  readonly tls?: TlsFiles | undefined;
}

export interface SeriesName {
  readonly studyUid: string;
  readonly seriesUid: string;
}

/** What a retrieval brings: a series, or one instance of it. */
export interface Retrieval extends SeriesName {
  readonly instanceUid?: string | undefined;
  /** SOP classes of its instances. */
  readonly classes: readonly string[];
}

export type DimseTask =
  /** Studies, by keys of C-FIND. */
  | { readonly kind: "find"; readonly keys: Readonly<Record<string, string>> }
  /** All instances of a study. */
  | { readonly kind: "list"; readonly studyUid: string }
  | ({ readonly kind: "get" } & Retrieval)
  /** By C-MOVE into a receiver of our own, which is open only meanwhile. */
  | ({ readonly kind: "move"; readonly receiver: { readonly host: string; readonly port: number } } & Retrieval);

export interface DimseRequest {
  readonly peer: DimsePeer;
  readonly task: DimseTask;
  readonly maxInstanceBytes: number;
}

/** Answers of the process, by kind: what their bytes are. */
export const frameKinds = {
  /** Nothing: the process has started. */
  ready: 0,
  /** JSON: a study or an instance that the PACS lists. */
  match: 1,
  /** JSON: the instance whose data set follows. */
  instance: 2,
  /** A piece of that data set. */
  piece: 3,
  /** The data set is whole. */
  stored: 4,
  /** JSON: how the retrieval or search ended. */
  end: 5,
  /** JSON: why it failed. */
  failed: 6,
} as const;

/** Kind, number of the association, length of the bytes. */
export const frameHeaderBytes = 6;

/** @param stream associations that store at the same time have different numbers below 256 */
export function frameHeader(kind: number, stream: number, bytes: number): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUInt8(kind, 0);
  header.writeUInt8(stream, 1);
  header.writeUInt32BE(bytes, 2);
  return header;
}

/** PS3.5 9.1; what else a UID would hold could not be told from a list or a wildcard. */
const uid = z.string().regex(/^[0-9.]{1,64}$/);

export const matchSchema = z.object({
  studyUid: uid,
  seriesUid: uid.optional(),
  instanceUid: uid.optional(),
  classUid: uid.optional(),
  modality: z.string().max(64).optional(),
  patientId: z.string().max(1024).optional(),
  accessionNumber: z.string().max(1024).optional(),
});
export type Match = z.output<typeof matchSchema>;

export const instanceSchema = z.object({ classUid: uid, instanceUid: uid, transferSyntax: uid });
export type ReceivedInstance = z.output<typeof instanceSchema>;

/** Counts of a retrieval's sub-operations, 0 of a search. */
export const endSchema = z.object({ completed: z.number().int(), failed: z.number().int() });

const failureCodes = [
  "PACS_BUSY",
  "PACS_CERTIFICATE",
  "PACS_CONTRADICTS",
  "PACS_MALFORMED",
  "PACS_NO_SERVICE",
  "PACS_RECEIVER",
  "PACS_REFUSED",
  "PACS_TOO_LARGE",
  "PACS_TRUNCATED",
  "PACS_UNAUTHORISED",
  "PACS_UNREACHABLE",
] as const;
export type FailureCode = (typeof failureCodes)[number];

export const failureSchema = z.object({
  code: z.enum(failureCodes),
  reason: z.string().max(200).optional(),
  remedy: z.string().max(400).optional(),
});

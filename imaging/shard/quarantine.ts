// The list of what could not be used, and why, by pseudonym: one bad study costs nothing else. The shard commits to the
// list, so that it cannot be changed later.
import { z } from "zod";
import { isFedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import { type Digest, digestFromBytes } from "../../protocol/format/digest.ts";
import type { Pseudonyms } from "./pseudonyms.ts";

const entrySchema = z
  .object({
    /** `scan`: a patient has nothing in the shard. `series`: another series of the patient was taken, or nothing of it is CT of the chest. `file`: one file. */
    what: z.enum(["scan", "series", "file"]),
    /** Code of the errors' table, or UNREADABLE for what the table does not have. */
    code: z.string(),
    /** Numbers and words that say more; never an identifier. */
    facts: z.record(z.union([z.string(), z.number(), z.boolean()])),
    /** What the hospital can do about it, in one line. */
    remedy: z.string(),
    /** Keyed hash; `consilium import --find` at the hospital says what it stands for, also of the next two. */
    patient: z.string().optional(),
    /** Keyed hash of the SeriesInstanceUID; undefined where the entry is about no single series. */
    series: z.string().optional(),
    /** Keyed hash of the path; undefined where the entry is about no single file. */
    file: z.string().optional(),
    /** Files that it is about. */
    files: z.number().int(),
  })
  .strict();
/** A patient or file that was refused, under its pseudonym, with the reason. @useDeclaredType */
export type QuarantineEntry = z.output<typeof entrySchema>;

export const quarantineSchema = z
  .object({ salt: z.string(), digest: z.string(), entries: z.array(entrySchema) })
  .strict();
export type Quarantine = z.output<typeof quarantineSchema>;

/** An entry about an error. Of other errors than FedError only the name is kept, since they may quote a file or a path. */
export function quarantineEntry(
  error: unknown,
  place: Pick<QuarantineEntry, "what" | "files"> & Partial<Pick<QuarantineEntry, "patient" | "series" | "file">>,
): QuarantineEntry {
  if (!isFedError(error)) {
    const name = error instanceof Error ? error.name : "Error";
    return {
      ...place,
      code: "UNREADABLE",
      facts: { name },
      remedy: "check that the file can be read, or export it again",
    };
  }
  const facts = Object.fromEntries(
    Object.entries(error.facts).map(([key, value]) => [key, typeof value === "bigint" ? String(value) : (value ?? "")]),
  );
  return { ...place, code: error.code, facts, remedy: error.remedy };
}

/** The list in a fixed order with its commitment, which reveals nothing without the salt. */
export function sealQuarantine(
  entries: readonly QuarantineEntry[],
  pseudonyms: Pseudonyms,
): { readonly quarantine: Quarantine; readonly digest: Digest } {
  // Parsed for a fixed order of fields: the same list gives the same file, also after a resumed import.
  const sorted = entries
    .map((entry) => entrySchema.parse(entry))
    .sort((a, b) => Buffer.compare(canonicalBytes(a), canonicalBytes(b)));
  const salt = pseudonyms.salt("quarantine");
  const digest = quarantineDigest(salt, sorted);
  return { quarantine: { salt: Buffer.from(salt).toString("hex"), digest, entries: sorted }, digest };
}

export function quarantineDigest(salt: Uint8Array, entries: readonly QuarantineEntry[]): Digest {
  return digestFromBytes(sha256(salt, canonicalBytes(entries)));
}

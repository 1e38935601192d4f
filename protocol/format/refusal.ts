// The reason why a hospital disagrees with a proposal, as a public object: the attestation names its digest.
import { z } from "zod";
import type { ErrorCode } from "../../foundation/errors.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { addressField, countField, digestField, roundField } from "./fields.ts";

export const refusalCodes = [
  /** A valid committed update that is served was left out. */
  "DROPPED_UPDATE",
  /** An update was averaged whose own bytes prove it invalid. */
  "INVALID_INCLUDED",
  /** An update was averaged that nobody serves: nobody can check the model. */
  "UNSERVED_INCLUDED",
  /** The model is not the average of the included updates on the round's base. */
  "WRONG_MODEL",
  /** The model is the average of the included updates on another base. */
  "WRONG_BASE",
  /** Fewer updates than the plan asks for. */
  "TOO_FEW_UPDATES",
  /** The proposer announced another model to others than it proposed on chain. */
  "EQUIVOCATION",
  /** The round's plan is not one that this hospital agreed to. */
  "PLAN_NOT_ACCEPTED",
] as const satisfies readonly ErrorCode[];
/** Why a hospital disagrees with a proposal. @useDeclaredType */
export type RefusalCode = (typeof refusalCodes)[number];

export const refusalSchema = z
  .object({
    version: z.literal(1),
    kind: z.literal("refusal"),
    round: roundField,
    proposal: countField,
    proposer: addressField,
    code: z.enum(refusalCodes),
    /** The hospital of the update in question. */
    member: addressField.optional(),
    /** Digests. */
    expected: digestField.optional(),
    found: digestField.optional(),
  })
  .strict();

export type Refusal = z.output<typeof refusalSchema>;

const maxRefusalBytes = 2048;

export function encodeRefusal(refusal: Refusal): Uint8Array {
  return canonicalBytes(refusalSchema.parse(refusal));
}

/** @throws REFUSAL_TOO_LARGE, REFUSAL_MALFORMED, REFUSAL_NOT_CANONICAL */
export function decodeRefusal(bytes: Uint8Array): Refusal {
  return parseCanonical(bytes, refusalSchema, { what: "REFUSAL", maxBytes: maxRefusalBytes });
}

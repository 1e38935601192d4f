// A holder's signed complaint that a dealer gave it no right share, and the dealer's answer: the share itself, in the open.
// One of the two is wrong then, and everyone sees which: the commitments decide.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { canonicalBytes, parseCanonical } from "../format/canonical.ts";
import { addressField, countField, digestField, roundField, signatureField } from "../format/fields.ts";
import { blobDigest } from "../format/merkle.ts";
import type { Signatures, TypedData } from "../ports.ts";
import type { Point } from "./group.ts";
import type { Ring } from "./ring.ts";
import { maxScalarsText, scalarsField, shareOfText } from "./scalars-field.ts";
import type { Share } from "./share.ts";
import { checkShare } from "./sharing.ts";

export const maxComplaintBytes = 1024;
export const maxAnswerBytes = maxScalarsText + 1024;

const subjectFields = {
  version: z.literal(1),
  chainId: countField,
  contract: addressField,
  round: roundField,
  holder: addressField,
  dealer: addressField,
  /** The deal that it is about. */
  deal: digestField,
};
const complaintFields = {
  ...subjectFields,
  kind: z.literal("complaint"),
  /** unserved: nobody serves the box. unreadable: it does not open. wrong: its share does not fit the commitments. */
  reason: z.enum(["unserved", "unreadable", "wrong"]),
};
const answerFields = { ...subjectFields, kind: z.literal("answer"), scalars: scalarsField };
const unsignedComplaintSchema = z.object(complaintFields).strict();
const unsignedAnswerSchema = z.object(answerFields).strict();
/** EIP-712 by the holder's chain key, or by the dealer's. */
export const complaintSchema = z.object({ ...complaintFields, signature: signatureField }).strict();
export const answerSchema = z.object({ ...answerFields, signature: signatureField }).strict();

export type UnsignedComplaint = z.output<typeof unsignedComplaintSchema>;
export type UnsignedAnswer = z.output<typeof unsignedAnswerSchema>;
export type Complaint = z.output<typeof complaintSchema>;
export type Answer = z.output<typeof answerSchema>;

function typedDataOf(statement: UnsignedComplaint | UnsignedAnswer): TypedData {
  const { chainId, contract, round, holder, dealer, deal } = statement;
  const domain = { name: "Consilium", version: "1", chainId, verifyingContract: contract };
  const fields = [
    { name: "round", type: "uint32" },
    { name: "holder", type: "address" },
    { name: "dealer", type: "address" },
    { name: "deal", type: "bytes32" },
  ];
  const subject = { round, holder, dealer, deal };
  if (statement.kind === "complaint") {
    return {
      domain,
      types: { Complaint: [...fields, { name: "reason", type: "string" }] },
      message: { ...subject, reason: statement.reason },
    };
  }
  const scalars = blobDigest(Buffer.from(statement.scalars.slice(2), "hex"));
  return {
    domain,
    types: { Answer: [...fields, { name: "scalars", type: "bytes32" }] },
    message: { ...subject, scalars },
  };
}

/** @returns the object's bytes */
export async function signComplaint(
  complaint: UnsignedComplaint,
  signatures: Pick<Signatures, "sign">,
): Promise<Uint8Array> {
  const signature = (await signatures.sign(typedDataOf(complaint))).toLowerCase();
  return canonicalBytes({ ...unsignedComplaintSchema.parse(complaint), signature });
}

/**
 * Warning: an answer shows one share to everyone. A dealer answers at most as many complaints as there may be dishonest
 * hospitals; with more it leaves the round.
 * @returns the object's bytes
 */
export async function signAnswer(answer: UnsignedAnswer, signatures: Pick<Signatures, "sign">): Promise<Uint8Array> {
  const signature = (await signatures.sign(typedDataOf(answer))).toLowerCase();
  return canonicalBytes({ ...unsignedAnswerSchema.parse(answer), signature });
}

/** @throws COMPLAINT_TOO_LARGE, COMPLAINT_MALFORMED, COMPLAINT_NOT_CANONICAL */
export function decodeComplaint(bytes: Uint8Array): Complaint {
  return parseCanonical(bytes, complaintSchema, { what: "COMPLAINT", maxBytes: maxComplaintBytes });
}

/** @throws ANSWER_TOO_LARGE, ANSWER_MALFORMED, ANSWER_NOT_CANONICAL */
export function decodeAnswer(bytes: Uint8Array): Answer {
  return parseCanonical(bytes, answerSchema, { what: "ANSWER", maxBytes: maxAnswerBytes });
}

/** Whether the holder that a complaint names signed it: for this contract, round, dealer and deal. */
export function isComplaintSigned(complaint: Complaint, signatures: Pick<Signatures, "recover">): boolean {
  const { signature, ...statement } = complaint;
  return signatures.recover(typedDataOf(statement), signature) === complaint.holder;
}

/**
 * The share of an answer that fits the complaint: the holder uses it, and the dealer is cleared.
 * @throws ANSWER_MISMATCH, ANSWER_SIGNATURE: no answer; SHARE_MALFORMED, SHARE_WRONG: the dealer signed a wrong share
 */
export function checkAnswer(
  answer: Answer,
  complaint: Complaint,
  {
    holderNumber,
    commitments,
    ring,
  }: { readonly holderNumber: number; readonly commitments: readonly Point[]; readonly ring: Ring },
  signatures: Pick<Signatures, "recover">,
): Share {
  for (const field of ["chainId", "contract", "round", "holder", "dealer", "deal"] as const) {
    const [found, expected] = [answer[field], complaint[field]];
    if (found !== expected) throw new FedError("ANSWER_MISMATCH", { field, expected, found });
  }
  const { signature, ...statement } = answer;
  if (signatures.recover(typedDataOf(statement), signature) !== answer.dealer) {
    throw new FedError("ANSWER_SIGNATURE", { dealer: answer.dealer });
  }
  const share = shareOfText(answer.scalars, ring);
  checkShare(share, holderNumber, commitments, ring);
  return share;
}

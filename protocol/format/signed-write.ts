// A write of the contract that a hospital has signed, so that another member can send it: its commitment or its vote. A
// hospital without gas passes it to the members by gossip.
import { z } from "zod";
import type { Verdict } from "./announcement.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { type HospitalAddress, type RoundId, zeroDigest } from "./digest.ts";
import type { FederationId } from "./federation-id.ts";
import { addressField, digestField, roundField, signatureField } from "./fields.ts";

/** Signed writes are below 800 bytes. */
const maxSignedWriteBytes = 1024;

const commonFields = {
  version: z.literal(1),
  chainId: z.number().int().positive().safe(),
  contract: addressField,
  round: roundField,
  /** The hospital that signed. */
  hospital: addressField,
  /** EIP-712, by the hospital's chain key (protocol/contract/write-signature.ts). */
  signature: signatureField,
};

const commitmentSchema = z
  .object({
    ...commonFields,
    kind: z.literal("commitment"),
    manifest: digestField.refine((digest) => digest !== zeroDigest),
    sampleCount: z
      .number()
      .int()
      .min(1)
      .max(2 ** 20),
  })
  .strict();

const voteSchema = z
  .object({
    ...commonFields,
    kind: z.literal("vote"),
    proposal: z.number().int().min(1).max(255),
    model: digestField,
    agree: z.boolean(),
    /** Of the scores or of the refusal; zero for none. */
    scores: digestField,
  })
  .strict();

export const signedWriteSchema = z.discriminatedUnion("kind", [commitmentSchema, voteSchema]);

export type SignedCommitmentWrite = z.output<typeof commitmentSchema>;
export type SignedVote = z.output<typeof voteSchema>;
export type SignedWrite = SignedCommitmentWrite | SignedVote;

export function encodeSignedWrite(write: SignedWrite): Uint8Array {
  return canonicalBytes(write);
}

/** @throws SIGNED_WRITE_TOO_LARGE, SIGNED_WRITE_MALFORMED, SIGNED_WRITE_NOT_CANONICAL */
export function decodeSignedWrite(bytes: Uint8Array): SignedWrite {
  return parseCanonical(bytes, signedWriteSchema, { what: "SIGNED_WRITE", maxBytes: maxSignedWriteBytes });
}

/** The topic of a contract's signed writes: nodes of versions without it are not sent any. */
export function signedWriteTopicOf({ chainId, contract }: FederationId): string {
  return `/consilium/${chainId}/${contract}/signed-writes/1.0.0`;
}

/** The name of a hospital's commitment in a round, or of its vote on a proposal: two of one name must be equal. */
export function nameOfWrite(write: Pick<SignedCommitmentWrite, "kind" | "round"> | VoteSubject): string {
  const { kind, round } = write;
  return kind === "commitment" ? `${kind}/${round}` : `${kind}/${round}/${write.proposal}/${write.model}`;
}

type VoteSubject = Pick<SignedVote, "kind" | "round" | "proposal" | "model">;

/**
 * Judges a decoded signed write, except for its signature: reject if it is of another federation or of another member
 * than the sender, ignore if it is late or of an unknown round.
 * @param sender the member whose peer id signed the gossip message; undefined for a stranger
 */
export function judgeSignedWrite(
  { chainId, contract, hospital, round }: SignedWrite,
  view: {
    readonly federation: FederationId;
    readonly sender: HospitalAddress | undefined;
    readonly latestRound: RoundId;
  },
): Verdict {
  const { federation, sender, latestRound } = view;
  if (chainId !== federation.chainId || contract !== federation.contract) return "reject";
  if (sender === undefined || sender !== hospital) return "reject";
  return Math.abs(round - latestRound) > 1 ? "ignore" : "accept";
}

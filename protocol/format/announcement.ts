// The gossip message: an object exists, who made it, for which round, and how large it is. Gossip never carries the object.
import { z } from "zod";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import type { HospitalAddress, RoundId } from "./digest.ts";
import type { FederationId } from "./federation-id.ts";
import { addressField, countField, digestField, roundField } from "./fields.ts";

/** Announcements are below 400 bytes. */
const maxAnnouncementBytes = 1024;

export const announcementSchema = z
  .object({
    /** Of the form of an announcement. */
    version: z.literal(1),
    /** EIP-155 id of the federation's chain. */
    chainId: z.number().int().positive().safe(),
    /** The federation's contract. */
    contract: addressField,
    /**
     * manifest: a hospital's committed manifest. proposal: a proposed model. With private sums also: prekey, complaint,
     * answer, opening, key: objects of protocol/private. checked: the list of the deals' digests that the sender has checked.
     */
    kind: z.enum(["manifest", "proposal", "prekey", "complaint", "answer", "checked", "opening", "key"]),
    /** The round that the object belongs to. */
    round: roundField,
    /** The member that made the object and sends this. */
    hospital: addressField,
    /** The object's name. */
    digest: digestField,
    /** Size of the object. */
    bytes: countField,
  })
  .strict();

/** A gossip message: an object exists, who made it, for which round, and how large it is. @useDeclaredType */
export type Announcement = z.output<typeof announcementSchema>;

export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  return canonicalBytes(announcement);
}

/** @throws ANNOUNCEMENT_TOO_LARGE, ANNOUNCEMENT_MALFORMED, ANNOUNCEMENT_NOT_CANONICAL */
export function decodeAnnouncement(bytes: Uint8Array): Announcement {
  return parseCanonical(bytes, announcementSchema, { what: "ANNOUNCEMENT", maxBytes: maxAnnouncementBytes });
}

/** One topic per contract and chain, so that no message of another federation arrives. */
export function topicOf({ chainId, contract }: FederationId): string {
  return `/consilium/${chainId}/${contract}/1.0.0`;
}

/** accept: forward the message. ignore: drop it. reject: drop it and lower the score of the sender. */
export type Verdict = "accept" | "ignore" | "reject";

/**
 * Judges a decoded announcement: reject if it is forged or of another federation, ignore if it is late or of an unknown round.
 * @param sender the member whose peer id signed the gossip message; undefined for a stranger
 */
export function judgeAnnouncement(
  announcement: Announcement,
  view: {
    readonly federation: FederationId;
    readonly sender: HospitalAddress | undefined;
    readonly latestRound: RoundId;
  },
): Verdict {
  const { federation, sender, latestRound } = view;
  if (announcement.chainId !== federation.chainId || announcement.contract !== federation.contract) return "reject";
  if (sender === undefined || sender !== announcement.hospital) return "reject";
  if (announcement.round < latestRound - 1 || announcement.round > latestRound + 1) return "ignore";
  return "accept";
}

// The deal: how a hospital shared its mask key among the round's hospitals. Its manifest names the deal, so it needs no
// signature of its own; the boxes with the shares are objects by themselves.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { canonicalBytes, parseCanonical } from "../format/canonical.ts";
import { digestToBytes, type HospitalAddress, zeroDigest } from "../format/digest.ts";
import { addressField, countField, digestField, roundField } from "../format/fields.ts";
import { blobDigest } from "../format/merkle.ts";
import { sealBox } from "./box.ts";
import type { PrivateContext } from "./context.ts";
import { decodePoint, type Point } from "./group.ts";
import type { MaskSecrets } from "./mask.ts";
import { maxDealers, type Ring, ringNames } from "./ring.ts";
import { commitmentsTo, shareAt, sharingPolynomials } from "./sharing.ts";
import { openingThreshold } from "./threshold.ts";

/** 256 digests of boxes and 171 commitments are below 30 KiB. */
export const maxDealBytes = 32 * 1024;

export const dealSchema = z
  .object({
    version: z.literal(1),
    kind: z.literal("deal"),
    chainId: countField,
    contract: addressField,
    round: roundField,
    /** The dealer. */
    hospital: addressField,
    ring: z.enum(ringNames),
    /** Encoded points: commitments to the coefficients of the polynomials, the constant ones first. */
    commitments: z.array(digestField).min(1).max(maxDealers),
    /** Digests of the boxes by holder; zero for a holder without a prekey that can be sealed to. */
    boxes: z.array(digestField).min(1).max(maxDealers),
  })
  .strict();

export type Deal = z.output<typeof dealSchema>;

/** A holder as a dealer sees it. */
export interface Holder {
  readonly address: HospitalAddress;
  /** Its public prekey of this round; undefined where it has published none. */
  readonly prekey: Uint8Array | undefined;
}

/**
 * Shares the mask key of these secrets among the round's hospitals: the same bytes for the same arguments.
 * @param holders all hospitals of the round, by member index; holder j of protocol texts is holders[j - 1]
 * @returns the deal's bytes, and the box of each holder; undefined where it has no prekey that can be sealed to
 */
export async function makeDeal(
  secrets: MaskSecrets,
  { hospital, holders }: { readonly hospital: HospitalAddress; readonly holders: readonly Holder[] },
): Promise<{ readonly deal: Uint8Array; readonly boxes: readonly (Uint8Array | undefined)[] }> {
  const { ring, secret, context } = secrets;
  const { chainId, contract, round } = context;
  const polynomials = sharingPolynomials(secrets, openingThreshold(holders.length));
  const boxes: (Uint8Array | undefined)[] = [];
  for (const [index, { address, prekey }] of holders.entries()) {
    const names = { context, dealer: hospital, holder: address };
    boxes.push(prekey && (await sealBox(shareAt(polynomials, index + 1), { ...names, secret, prekey })));
  }
  const deal: Deal = {
    ...{ version: 1, kind: "deal", chainId, contract, round, hospital, ring: ring.name },
    commitments: commitmentsTo(polynomials, ring).map((point) => digestOfPoint(point)),
    boxes: boxes.map((box) => (box ? blobDigest(box) : zeroDigest)),
  };
  return { deal: canonicalBytes(deal), boxes };
}

/** @throws DEAL_TOO_LARGE, DEAL_MALFORMED, DEAL_NOT_CANONICAL */
export function decodeDeal(bytes: Uint8Array): Deal {
  return parseCanonical(bytes, dealSchema, { what: "DEAL", maxBytes: maxDealBytes });
}

/** What a deal must say to belong to a commitment of a round. */
export interface DealExpectation {
  readonly context: PrivateContext;
  readonly hospital: HospitalAddress;
  readonly ring: Ring;
  /** The round's hospitals. */
  readonly holders: number;
}

/** The points of a deal that fits its round. @throws DEAL_MISMATCH, DEAL_MALFORMED */
export function checkDeal(deal: Deal, { context, hospital, ring, holders }: DealExpectation): Point[] {
  const { chainId, contract, round } = context;
  const expected = { chainId, contract, round, hospital, ring: ring.name };
  for (const [field, value] of Object.entries(expected)) {
    const found = deal[field as keyof typeof expected];
    if (found !== value) throw new FedError("DEAL_MISMATCH", { hospital, field, expected: value, found });
  }
  const threshold = openingThreshold(holders);
  if (deal.commitments.length !== threshold || deal.boxes.length !== holders) {
    const found = `${deal.commitments.length} of ${deal.boxes.length}`;
    throw new FedError("DEAL_MISMATCH", {
      hospital,
      field: "threshold",
      expected: `${threshold} of ${holders}`,
      found,
    });
  }
  return deal.commitments.map((commitment) => decodePoint(digestToBytes(commitment)));
}

function digestOfPoint(point: Point) {
  return digestField.parse(`0x${Buffer.from(point.toBytes()).toString("hex")}`);
}

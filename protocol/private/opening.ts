// An opening: a holder's sum of the shares of exactly the sealed hospitals, signed; with buckets (buckets.ts) such a sum for each
// of them. One that does not fit the sum of their commitments names its maker by its signature; a holder makes one a round and
// no second.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { canonicalBytes, parseCanonical } from "../format/canonical.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { addressField, countField, digestField, roundField, signatureField } from "../format/fields.ts";
import { blobDigest } from "../format/merkle.ts";
import type { Signatures, TypedData } from "../ports.ts";
import type { PrivateContext } from "./context.ts";
import type { Point } from "./group.ts";
import type { Ring } from "./ring.ts";
import { maxScalarsText, scalarsText, sharesOfText, sumsField } from "./scalars-field.ts";
import { type Share, sumShares } from "./share.ts";
import { isShareOf } from "./sharing.ts";

/** @param sums that are opened: 1 without buckets */
export function maxOpeningBytes(sums: number): number {
  return sums * maxScalarsText + 1024;
}

const statementFields = {
  version: z.literal(1),
  kind: z.literal("opening"),
  chainId: countField,
  contract: addressField,
  round: roundField,
  holder: addressField,
  /** The deals whose shares were added (includedDigest). */
  included: digestField,
  /** Of every opened sum, in the order of `included`. */
  scalars: sumsField,
};
const statementSchema = z.object(statementFields).strict();
export const openingSchema = z
  .object({
    ...statementFields,
    /** EIP-712, by the holder's chain key, over all other fields (openingTypedData). */
    signature: signatureField,
  })
  .strict();

export type Opening = z.output<typeof openingSchema>;

/**
 * The name of what an opening and a key are of.
 * @param deals digests of the summed deals, by member index of their dealers; with buckets such a list for each opened one
 */
export function includedDigest(deals: readonly Digest[] | readonly (readonly Digest[])[]): Digest {
  return blobDigest(canonicalBytes(deals));
}

export function openingTypedData(opening: z.output<typeof statementSchema>): TypedData {
  const { chainId, contract, round, holder, included, scalars } = opening;
  return {
    domain: { name: "Consilium", version: "1", chainId, verifyingContract: contract },
    types: {
      Opening: [
        { name: "round", type: "uint32" },
        { name: "holder", type: "address" },
        { name: "included", type: "bytes32" },
        { name: "scalars", type: "bytes32" },
      ],
    },
    message: { round, holder, included, scalars: blobDigest(Buffer.from(scalars.slice(2), "hex")) },
  };
}

/**
 * Signs the sums of the holder's shares.
 *
 * Warning: journal the round and `included` before this is called, and never call it with another `included` for the same
 * round: the difference of two openings is an opening of the difference. For the same reason no hospital is in two sums.
 * @param sums for each opened sum the shares of its deals, in the order of `included`, each checked
 */
export async function makeOpening(
  {
    context: { chainId, contract, round },
    holder,
    included,
    sums,
  }: {
    readonly context: PrivateContext;
    readonly holder: HospitalAddress;
    readonly included: Digest;
    readonly sums: readonly (readonly Share[])[];
  },
  signatures: Pick<Signatures, "sign">,
): Promise<Uint8Array> {
  const scalars = scalarsText(sums.flatMap(sumShares));
  const statement = { version: 1, kind: "opening", chainId, contract, round, holder, included, scalars } as const;
  const signature = (await signatures.sign(openingTypedData(statement))).toLowerCase();
  return canonicalBytes({ ...statement, signature });
}

/** @throws OPENING_TOO_LARGE, OPENING_MALFORMED, OPENING_NOT_CANONICAL */
export function decodeSumOpening(bytes: Uint8Array, sums = 1): Opening {
  return parseCanonical(bytes, openingSchema, { what: "OPENING", maxBytes: maxOpeningBytes(sums) });
}

/** What an opening must be of. */
export interface OpeningExpectation {
  readonly context: PrivateContext;
  readonly holder: HospitalAddress;
  /** 1, 2, ... by member index among the round's hospitals. */
  readonly holderNumber: number;
  readonly included: Digest;
  /** Of the deals in `included` (sumCommitments). */
  readonly summed: readonly Point[];
  readonly ring: Ring;
}

/**
 * The share of the one sum that an opening holds.
 * @throws OPENING_MISMATCH, OPENING_SIGNATURE: somebody else's fault, or of another set; OPENING_WRONG, SHARE_MALFORMED: the
 * holder signed a sum that the commitments refute, which these bytes prove to everyone
 */
export function checkOpening(
  opening: Opening,
  expected: OpeningExpectation,
  signatures: Pick<Signatures, "recover">,
): Share {
  const [share] = signedShares(opening, { ...expected, sums: 1 }, signatures) as [Share];
  const { holder, holderNumber, summed, ring } = expected;
  if (!isShareOf(share, holderNumber, summed, ring)) throw new FedError("OPENING_WRONG", { holder });
  return share;
}

/**
 * What a holder signed as its share of each opened sum; the commitments are not asked. A key of such shares that fits them
 * proves all of the shares at the cost of one.
 * @throws OPENING_MISMATCH, OPENING_SIGNATURE, SHARE_MALFORMED
 */
export function signedShares(
  opening: Opening,
  {
    context,
    holder,
    included,
    ring,
    sums,
  }: Omit<OpeningExpectation, "summed" | "holderNumber"> & { readonly sums: number },
  signatures: Pick<Signatures, "recover">,
): readonly Share[] {
  const { chainId, contract, round } = context;
  const expected = { chainId, contract, round, holder, included };
  for (const [field, value] of Object.entries(expected)) {
    const found = opening[field as keyof typeof expected];
    if (found !== value) throw new FedError("OPENING_MISMATCH", { holder, field, expected: value, found });
  }
  const { signature, ...statement } = opening;
  if (signatures.recover(openingTypedData(statement), signature) !== holder) {
    throw new FedError("OPENING_SIGNATURE", { holder });
  }
  return sharesOfText(opening.scalars, ring, sums);
}

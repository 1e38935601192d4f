// The key of a sealed round: the sum of the mask keys of the included hospitals, and of their blindings; with buckets such a sum
// for each of them. Anyone can make it from enough openings; it proves itself against the commitments, so it needs no signature.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { canonicalBytes, parseCanonical } from "../format/canonical.ts";
import type { Digest } from "../format/digest.ts";
import { addressField, countField, digestField, roundField } from "../format/fields.ts";
import type { PrivateContext } from "./context.ts";
import { commit, type Point } from "./group.ts";
import { unpackSum } from "./packing.ts";
import type { Ring } from "./ring.ts";
import { maxScalarsText, scalarsText, sharesOfText, sumsField } from "./scalars-field.ts";
import type { Share } from "./share.ts";

/** @param sums that are opened: 1 without buckets */
export function maxSumKeyBytes(sums: number): number {
  return sums * maxScalarsText + 1024;
}

export const sumKeySchema = z
  .object({
    version: z.literal(1),
    kind: z.literal("key"),
    chainId: countField,
    contract: addressField,
    round: roundField,
    /** The deals whose keys were added (includedDigest). */
    included: digestField,
    /** Of every opened sum, in the order of `included`. */
    scalars: sumsField,
  })
  .strict();

export type SumKey = z.output<typeof sumKeySchema>;

/** @param shared from recoverShared; with buckets those of each, one after the other */
export function encodeSumKey({
  context: { chainId, contract, round },
  included,
  shared,
}: {
  readonly context: PrivateContext;
  readonly included: Digest;
  readonly shared: Share;
}): Uint8Array {
  const key: SumKey = { version: 1, kind: "key", chainId, contract, round, included, scalars: scalarsText(shared) };
  return canonicalBytes(key);
}

/** @throws SUM_KEY_TOO_LARGE, SUM_KEY_MALFORMED, SUM_KEY_NOT_CANONICAL */
export function decodeSumKey(bytes: Uint8Array, sums = 1): SumKey {
  return parseCanonical(bytes, sumKeySchema, { what: "SUM_KEY", maxBytes: maxSumKeyBytes(sums) });
}

/**
 * The sums of the mask keys' slots, by the ring's primes.
 * @param summed commitments to the constant terms: sumCommitments(...)[0]
 * @throws SUM_KEY_MISMATCH, SUM_KEY_WRONG: it is not what the commitments fix; SHARE_MALFORMED; KEY_FIELD_TOO_LARGE: some
 * included hospital did not share a mask key
 */
export function checkSumKey(
  key: SumKey,
  { summed, dealers, ...expected }: Omit<SumKeyExpectation, "summed"> & { summed: Point; dealers: number },
): Int32Array[] {
  const [shared] = provenKeys(key, { ...expected, summed: [summed] }) as [Share];
  return unpackSum(shared, expected.ring, dealers);
}

/** What a key must be of. */
export interface SumKeyExpectation {
  readonly context: PrivateContext;
  readonly included: Digest;
  /** Of each opened sum, commitments to the constant terms. */
  readonly summed: readonly Point[];
  readonly ring: Ring;
}

/**
 * The scalars of each opened sum's key, which the commitments fix. They are not unpacked.
 * @throws SUM_KEY_MISMATCH, SUM_KEY_WRONG: it is not what the commitments fix; SHARE_MALFORMED
 */
export function provenKeys(key: SumKey, { context, included, summed, ring }: SumKeyExpectation): readonly Share[] {
  const { chainId, contract, round } = context;
  const expected = { chainId, contract, round, included };
  for (const [field, value] of Object.entries(expected)) {
    const found = key[field as keyof typeof expected];
    if (found !== value) throw new FedError("SUM_KEY_MISMATCH", { field, expected: value, found });
  }
  const keys = sharesOfText(key.scalars, ring, summed.length);
  const areRight = keys.every((shared, sum) => commit(shared, ring).equals(summed[sum]!));
  if (!areRight) throw new FedError("SUM_KEY_WRONG", { round });
  return keys;
}

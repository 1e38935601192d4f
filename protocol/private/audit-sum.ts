// A private round's arithmetic, checked from what everyone can fetch: the included hospitals' deals and masked objects, and
// the key. No share and no secret is needed, and it holds even if all hospitals lie together: by hashes, and because
// nobody can open a Pedersen commitment in two ways.
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { HospitalAddress } from "../format/digest.ts";
import { blobDigest } from "../format/merkle.ts";
import type { ByteSource } from "../update/byte-source.ts";
import type { PrivateContext } from "./context.ts";
import { checkDeal, decodeDeal } from "./deal.ts";
import { largestError } from "./error-sampler.ts";
import type { Point } from "./group.ts";
import { includedDigest } from "./opening.ts";
import { unpackSum } from "./packing.ts";
import type { Ring } from "./ring.ts";
import { sumCommitments } from "./sharing.ts";
import { checkSumKey, decodeSumKey, provenKeys } from "./sum-key.ts";
import { sumMasked, type Unmasked, unmask } from "./unmask.ts";

/** An included hospital's objects, whose digests its signed manifest says. */
export interface IncludedHospital {
  readonly hospital: HospitalAddress;
  /** The deal's bytes. */
  readonly deal: Uint8Array;
  readonly masked: ByteSource;
}

export interface SealedRound {
  readonly context: PrivateContext;
  readonly ring: Ring;
  /** Of an input (coordinatesOf). */
  readonly coordinates: number;
  /** Hospitals of the round, included or not. */
  readonly holders: number;
  /** The sealed hospitals, by member index. */
  readonly included: readonly IncludedHospital[];
  /** The key's bytes. */
  readonly key: Uint8Array;
}

/**
 * The exact sum of the included hospitals' inputs.
 * @throws DEAL_TOO_LARGE, DEAL_MALFORMED, DEAL_NOT_CANONICAL, DEAL_MISMATCH, MASKED_MALFORMED, SUM_KEY_TOO_LARGE,
 * SUM_KEY_MALFORMED, SUM_KEY_NOT_CANONICAL, SUM_KEY_MISMATCH, SUM_KEY_WRONG, SHARE_MALFORMED, KEY_FIELD_TOO_LARGE;
 * ROUND_SPOILT where the errors are larger than honest hospitals can draw; errors of the sources
 */
export async function auditSum(round: SealedRound): Promise<Unmasked> {
  const { context, ring, included } = round;
  const key = checkSumKey(decodeSumKey(round.key), {
    context,
    included: includedDigest(dealsOf(included)),
    summed: committed(included, round),
    ring,
    dealers: included.length,
  });
  return unmaskSum(included, key, round);
}

/** A sealed round with buckets. */
export interface BucketedRound extends Omit<SealedRound, "included"> {
  /** The sealed hospitals of each opened bucket, by member index. */
  readonly buckets: readonly (readonly IncludedHospital[])[];
}

/** The exact sum of a bucket's inputs, or why there is none: somebody in it masked what is no input, or shared no mask key. */
export type AuditedBucket = Unmasked | FedError;

/** The sum of each opened bucket. @throws as auditSum, but for ROUND_SPOILT and KEY_FIELD_TOO_LARGE */
export async function auditBuckets(round: BucketedRound): Promise<readonly AuditedBucket[]> {
  const { context, ring, buckets } = round;
  const keys = provenKeys(decodeSumKey(round.key, buckets.length), {
    context,
    included: includedDigest(buckets.map(dealsOf)),
    summed: buckets.map((included) => committed(included, round)),
    ring,
  });
  const audited: AuditedBucket[] = [];
  for (const [place, included] of buckets.entries()) {
    try {
      audited.push(await unmaskSum(included, unpackSum(keys[place]!, ring, included.length), round));
    } catch (error) {
      if (!isFedError(error, "ROUND_SPOILT", "KEY_FIELD_TOO_LARGE")) throw error;
      audited.push(error);
    }
  }
  return audited;
}

function dealsOf(included: readonly IncludedHospital[]) {
  return included.map(({ deal }) => blobDigest(deal));
}

/** The commitment to the sum of hospitals' mask keys. */
function committed(
  included: readonly IncludedHospital[],
  { context, ring, holders }: Pick<SealedRound, "context" | "ring" | "holders">,
): Point {
  const commitments = included.map(({ hospital, deal }) =>
    checkDeal(decodeDeal(deal), { context, hospital, ring, holders }),
  );
  return sumCommitments(commitments.map(([constant]) => [constant!]))[0]!;
}

async function unmaskSum(
  included: readonly IncludedHospital[],
  key: readonly Int32Array[],
  { context, ring, coordinates }: Pick<SealedRound, "context" | "ring" | "coordinates">,
): Promise<Unmasked> {
  const masked = await sumMasked(
    included.map((each) => each.masked),
    { ring, coordinates },
  );
  const unmasked = unmask(masked, key, { ring, context, coordinates });
  const most = included.length * largestError();
  if (unmasked.largestError > most) {
    throw new FedError("ROUND_SPOILT", { round: context.round, error: unmasked.largestError, most });
  }
  return unmasked;
}

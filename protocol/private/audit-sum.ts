// A private round's arithmetic, checked from what everyone can fetch: the included hospitals' deals and masked objects, and
// the key. No share and no secret is needed, and it holds even if all hospitals lie together: by hashes, and because
// nobody can open a Pedersen commitment in two ways.
import { FedError } from "../../foundation/errors.ts";
import type { HospitalAddress } from "../format/digest.ts";
import { blobDigest } from "../format/merkle.ts";
import type { ByteSource } from "../update/byte-source.ts";
import type { PrivateContext } from "./context.ts";
import { checkDeal, decodeDeal } from "./deal.ts";
import { largestError } from "./error-sampler.ts";
import { includedDigest } from "./opening.ts";
import type { Ring } from "./ring.ts";
import { sumCommitments } from "./sharing.ts";
import { checkSumKey, decodeSumKey } from "./sum-key.ts";
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
  const { context, ring, coordinates, holders, included } = round;
  const commitments = included.map(({ hospital, deal }) =>
    checkDeal(decodeDeal(deal), { context, hospital, ring, holders }),
  );
  const summed = sumCommitments(commitments.map(([constant]) => [constant!]))[0]!;
  const key = checkSumKey(decodeSumKey(round.key), {
    context,
    included: includedDigest(included.map(({ deal }) => blobDigest(deal))),
    summed,
    ring,
    dealers: included.length,
  });
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

// Makes the key of a sealed set from enough openings: whichever they are, the key is the same.
import { FedError, isFedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { privateContextOf } from "../protocol/judge/collect-private.ts";
import { isBucketed, type OpenedSums } from "../protocol/judge/opened-sums.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { PrivateContext } from "../protocol/private/context.ts";
import { unpackSum } from "../protocol/private/packing.ts";
import type { Ring } from "../protocol/private/ring.ts";
import type { Share } from "../protocol/private/share.ts";
import { isShareOf, recoverShared, sumCommitments } from "../protocol/private/sharing.ts";
import { decodeSumKey, encodeSumKey, provenKeys, type SumKey } from "../protocol/private/sum-key.ts";
import { openingThreshold } from "../protocol/private/threshold.ts";

/** The key's bytes, or the holders whose signed shares the commitments refute. */
export type Recovered = { readonly key: Uint8Array } | { readonly wrong: readonly HospitalAddress[] };

/**
 * A key that fits the commitments proves every share that it was made from; only where it does not is each of them checked.
 * @throws OPENINGS_TOO_FEW; KEY_FIELD_TOO_LARGE where an included hospital did not share a mask key, without buckets
 */
export function recoverKey({
  round,
  context,
  opened,
  openings,
  ring,
}: {
  readonly round: RoundState;
  readonly context: RoundContext;
  readonly opened: OpenedSums;
  /** By holder, a share of each opened sum. */
  readonly openings: ReadonlyMap<HospitalAddress, readonly Share[]>;
  readonly ring: Ring;
}): Recovered {
  const { members } = round;
  const threshold = openingThreshold(members.length);
  const named = privateContextOf(context, round);
  const { sums, included } = opened;
  const held = [...openings].map(([member, shares]) => ({ member, holder: members.indexOf(member) + 1, shares }));
  const shared = sums.map((_, sum) =>
    recoverShared(
      held.map(({ holder, shares }) => ({ holder, share: shares[sum]! })),
      threshold,
    ),
  );
  const key = encodeSumKey({ context: named, included, shared: shared.flat() });
  try {
    const expected = { context: named, ring, isBucketed: isBucketed(context) };
    checkOpenedKey(decodeSumKey(key, sums.length), opened, expected);
    return { key };
  } catch (error) {
    if (!isFedError(error, "SUM_KEY_WRONG")) throw error;
    const summed = sums.map((updates) => sumCommitments(updates.map(({ commitments }) => commitments)));
    const wrong = held.filter(
      ({ holder, shares }) => !shares.every((share, sum) => isShareOf(share, holder, summed[sum]!, ring)),
    );
    if (wrong.length === 0)
      throw new FedError("OPENINGS_TOO_FEW", { openings: held.length, threshold }, { cause: error });
    return { wrong: wrong.map(({ member }) => member) };
  }
}

/**
 * Holds a key against the commitments of what is opened. A bucket in which somebody shared no mask key is found when its sum is:
 * the others have a model.
 * @throws SUM_KEY_MISMATCH, SUM_KEY_WRONG, SHARE_MALFORMED; KEY_FIELD_TOO_LARGE without buckets
 */
export function checkOpenedKey(
  key: SumKey,
  { included, sums }: OpenedSums,
  {
    context,
    ring,
    isBucketed,
  }: { readonly context: PrivateContext; readonly ring: Ring; readonly isBucketed: boolean },
): void {
  const summed = sums.map((updates) => sumCommitments(updates.map(({ commitments }) => commitments.slice(0, 1)))[0]!);
  const [first] = provenKeys(key, { context, included, summed, ring });
  if (!isBucketed) unpackSum(first!, ring, sums[0]!.length);
}

// Makes the key of a sealed set from enough openings: whichever they are, the key is the same.
import { FedError, isFedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { type MaskedUpdate, privateContextOf } from "../protocol/judge/collect-private.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import { includedDigest } from "../protocol/private/opening.ts";
import type { Ring } from "../protocol/private/ring.ts";
import type { Share } from "../protocol/private/share.ts";
import { isShareOf, recoverShared, sumCommitments } from "../protocol/private/sharing.ts";
import { checkSumKey, decodeSumKey, encodeSumKey } from "../protocol/private/sum-key.ts";
import { openingThreshold } from "../protocol/private/threshold.ts";

/** The key's bytes, or the holders whose signed shares the commitments refute. */
export type Recovered = { readonly key: Uint8Array } | { readonly wrong: readonly HospitalAddress[] };

/**
 * A key that fits the commitments proves every share that it was made from; only where it does not is each of them checked.
 * @throws OPENINGS_TOO_FEW; KEY_FIELD_TOO_LARGE where an included hospital did not share a mask key
 */
export function recoverKey({
  round,
  context,
  updates,
  openings,
  ring,
}: {
  readonly round: RoundState;
  readonly context: RoundContext;
  /** Of the sealed hospitals. */
  readonly updates: readonly MaskedUpdate[];
  readonly openings: ReadonlyMap<HospitalAddress, Share>;
  readonly ring: Ring;
}): Recovered {
  const { members } = round;
  const threshold = openingThreshold(members.length);
  const named = privateContextOf(context, round);
  const included = includedDigest(updates.map(({ manifest }) => manifest.deal));
  const held = [...openings].map(([member, share]) => ({ member, holder: members.indexOf(member) + 1, share }));
  const key = encodeSumKey({ context: named, included, shared: recoverShared(held, threshold) });
  const summed = sumCommitments(updates.map(({ commitments }) => commitments));
  try {
    const expected = { context: named, included, summed: summed[0]!, ring, dealers: updates.length };
    checkSumKey(decodeSumKey(key), expected);
    return { key };
  } catch (error) {
    if (!isFedError(error, "SUM_KEY_WRONG")) throw error;
    const wrong = held.filter(({ holder, share }) => !isShareOf(share, holder, summed, ring));
    if (wrong.length === 0)
      throw new FedError("OPENINGS_TOO_FEW", { openings: held.length, threshold }, { cause: error });
    return { wrong: wrong.map(({ member }) => member) };
  }
}

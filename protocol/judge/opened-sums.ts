// Which sums of a sealed round are opened: one of all sealed hospitals, or one of each bucket that is large enough. A function of
// the seal and the round's opening, so that holders, proposers and auditors agree on it.
import type { RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { bucketRules, drawBuckets, fewestBuckets } from "../private/buckets.ts";
import { includedDigest } from "../private/opening.ts";
import { type MaskedUpdate, privateContextOf } from "./collect-private.ts";
import type { RoundContext } from "./round-context.ts";

type OpenedContext = Pick<RoundContext, "federation" | "plan" | "bucketRules">;

/** A bucket of a round. */
export interface Bucket {
  /** Hospitals that were drawn into it, by member index. */
  readonly drawn: readonly HospitalAddress[];
  /** Those of them that are sealed. */
  readonly included: readonly HospitalAddress[];
  /** Whether enough of them are sealed. Its sum is opened by nobody where not. */
  readonly isOpened: boolean;
}

/** The buckets of a round, in the order of the draw; undefined under a plan without. @throws BUCKETS_TOO_SMALL */
export function bucketsOf(
  round: Pick<RoundState, "id" | "base" | "members">,
  context: OpenedContext,
  sealed: readonly HospitalAddress[],
): readonly Bucket[] | undefined {
  const { plan, bucketRules: rules = bucketRules } = context;
  const buckets = plan.privacy?.buckets;
  if (buckets === undefined) return undefined;
  const { members, base } = round;
  const drawing = { hospitals: members.length, buckets };
  return drawBuckets(privateContextOf(context, round), base, drawing, rules).map((places) => {
    const drawn = places.map((place) => members[place]!);
    const included = drawn.filter((member) => sealed.includes(member));
    return { drawn, included, isOpened: included.length >= rules.leastIncluded(drawn.length) };
  });
}

/**
 * The hospitals of each sum that is opened of a seal.
 * @returns undefined where too few buckets are left for a model: nothing is opened then
 * @throws BUCKETS_TOO_SMALL
 */
export function openableSums(
  round: Pick<RoundState, "id" | "base" | "members">,
  context: OpenedContext,
  sealed: readonly HospitalAddress[],
): readonly (readonly HospitalAddress[])[] | undefined {
  const buckets = bucketsOf(round, context, sealed);
  if (!buckets) return [sealed];
  const opened = buckets.filter(({ isOpened }) => isOpened).map(({ included }) => included);
  return opened.length < fewestBuckets(buckets.length) ? undefined : opened;
}

/** What openings and the key of a sealed round are of. */
export interface OpenedSums {
  /** Its name. */
  readonly included: Digest;
  /** The updates of each opened sum, by member index. */
  readonly sums: readonly (readonly MaskedUpdate[])[];
}

/** @param updates of all sealed hospitals @returns undefined where nothing is opened @throws BUCKETS_TOO_SMALL */
export function openedSums(
  round: Pick<RoundState, "id" | "base" | "members">,
  context: OpenedContext,
  updates: readonly MaskedUpdate[],
): OpenedSums | undefined {
  const sealed = updates.map(({ member }) => member);
  const sums = openableSums(round, context, sealed)?.map((members) =>
    updates.filter(({ member }) => members.includes(member)),
  );
  if (!sums) return undefined;
  const deals = sums.map((summands) => summands.map(({ manifest }) => manifest.deal));
  return { sums, included: includedDigest(isBucketed(context) ? deals : deals[0]!) };
}

/** Whether a round has a sum for each bucket. */
export function isBucketed({ plan }: Pick<RoundContext, "plan">): boolean {
  return plan.privacy?.buckets !== undefined;
}

/** The most sums of a round. */
export function mostSums({ plan }: Pick<RoundContext, "plan">): number {
  return plan.privacy?.buckets ?? 1;
}

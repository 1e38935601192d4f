// Buckets (Karimireddy, He, Jaggi 2022): a round's hospitals are divided by chance, and the sum of each bucket is opened by
// itself, so that a robust rule over the buckets' means bounds what hostile hospitals do. The draw follows from the round's
// base alone: it is known before anyone commits, and no member's choice in this round changes it.
import { FedError } from "../../foundation/errors.ts";
import type { Digest } from "../format/digest.ts";
import { contextText, type PrivateContext } from "./context.ts";
import { KeyStream } from "./key-stream.ts";

/** The fewest hospitals of a sum. */
export interface BucketRules {
  /** Hospitals that every bucket is drawn of, at least. */
  readonly leastSize: number;
  /** Sealed hospitals without which the sum of a bucket of so many is opened by nobody. */
  readonly leastIncluded: (size: number) => number;
}

/** The protocol's rules, under which all federations run. Only tests of few hospitals have others. */
export const bucketRules: BucketRules = {
  leastSize: 4,
  // More than two thirds, as of a round: 3 of 4.
  leastIncluded: (size) => Math.floor((2 * size) / 3) + 1,
};

/**
 * Places of the round's hospitals, 0 to hospitals - 1, by bucket; ascending in each. Sizes differ by one at most.
 * @param base digest of the round's base model
 * @throws BUCKETS_TOO_SMALL
 */
export function drawBuckets(
  context: PrivateContext,
  base: Digest,
  { hospitals, buckets }: { readonly hospitals: number; readonly buckets: number },
  rules: BucketRules = bucketRules,
): readonly (readonly number[])[] {
  checkBuckets({ hospitals, buckets }, rules);
  const stream = KeyStream.ofText(contextText("buckets", context, base));
  const places = Array.from({ length: hospitals }, (_, place) => place);
  // Fisher and Yates, from the end.
  for (let last = hospitals - 1; last > 0; last--) {
    const other = below(last + 1, stream);
    [places[last], places[other]] = [places[other]!, places[last]!];
  }
  const small = Math.floor(hospitals / buckets);
  const larger = hospitals % buckets;
  return Array.from({ length: buckets }, (_, bucket) => {
    const start = bucket * small + Math.min(bucket, larger);
    const size = small + (bucket < larger ? 1 : 0);
    return places.slice(start, start + size).sort((a, b) => a - b);
  });
}

/** @throws BUCKETS_TOO_SMALL where a bucket would be of fewer hospitals than may be */
export function checkBuckets(
  { hospitals, buckets }: { readonly hospitals: number; readonly buckets: number },
  { leastSize }: BucketRules = bucketRules,
): void {
  const fewest = buckets * leastSize;
  if (hospitals < fewest) throw new FedError("BUCKETS_TOO_SMALL", { hospitals, buckets, fewest });
}

/** The fewest opened and sound buckets of a model: more than half of those that were drawn. */
export function fewestBuckets(buckets: number): number {
  return Math.floor(buckets / 2) + 1;
}

/** A uniform number below the bound, by rejection. */
function below(bound: number, stream: KeyStream): number {
  const limit = bound * Math.floor(2 ** 32 / bound);
  for (;;) {
    const number = stream.uint32();
    if (number < limit) return number % bound;
  }
}

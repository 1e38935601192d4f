// The plan's section on private sums: hospitals mask their updates, and only the sum of a round is ever opened. The contract
// holds its digest, the mechanism, for ever, so that no later plan can hide updates in a weaker way, or not at all.
import { z } from "zod";
import { canonicalBytes } from "./canonical.ts";
import type { Digest } from "./digest.ts";
import { countField } from "./fields.ts";
import { blobDigest } from "./merkle.ts";

/** Sums of 256 hospitals' integers have room in L24 (docs/protocol.md). */
const mostInteger = 2 ** 15 - 1;

/** Strict, as every schema: a plan with noise for differential privacy, which no software offers yet, is no plan. */
export const privacySpecSchema = z
  .object({
    /** sum: updates are masked, and only the sum of a round's updates is opened. */
    mode: z.literal("sum"),
    /**
     * The number of scans of a hospital with weight 1, a power of two: one with fewer weighs less in proportion, one with more
     * no more. Nobody can weigh a masked update afterwards.
     */
    unitWeight: countField.refine((value) => value >= 1 && value <= 2 ** 20 && Number.isInteger(Math.log2(value)), {
      message: "must be a power of two, 1 to 2^20",
    }),
    /** The largest integer of a hospital's masked update, in magnitude. Small ones make sums of few hospitals 4 bytes wide. */
    largest: countField.refine((value) => value >= 1 && value <= mostInteger, { message: "must be 1 to 32767" }),
    /** How many sums may ever be opened, predecessors' included: rounds that fail after their seal count. */
    maxSeals: countField.refine((value) => value >= 1 && value <= 1_000_000, { message: "must be 1 to 1000000" }),
  })
  .strict();

/** The plan's section on private sums. @useDeclaredType */
export type PrivacySpec = z.output<typeof privacySpecSchema>;

/** The mechanism that the contract of a plan's federation names. */
export function mechanismOf(privacy: PrivacySpec): Digest {
  return blobDigest(canonicalBytes(privacy));
}

/** What the contract of a plan's federation is founded with; undefined without private sums. */
export function foundingSums({
  privacy,
}: {
  readonly privacy?: PrivacySpec | undefined;
}): { readonly mechanism: Digest; readonly maxSeals: number } | undefined {
  return privacy && { mechanism: mechanismOf(privacy), maxSeals: privacy.maxSeals };
}

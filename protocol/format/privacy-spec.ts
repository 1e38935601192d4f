// The plan's section on private sums: hospitals mask their updates, and only the sum of a round is ever opened. The contract
// holds its digest, the mechanism, for ever, so that no later plan can hide updates in a weaker way, or not at all.
import { z } from "zod";
import { canonicalBytes } from "./canonical.ts";
import type { Digest } from "./digest.ts";
import { countField } from "./fields.ts";
import { blobDigest } from "./merkle.ts";

/** Sums of 256 hospitals' integers have room in L24 (docs/protocol.md). */
const mostInteger = 2 ** 15 - 1;
/** Of two buckets nobody could say which one is hostile. */
const fewestDrawn = 3;
/** An opening has the shares of all buckets in one object, up to 40 kB each. */
export const mostBuckets = 16;

/** Differential privacy of single patients. Each hospital's step is over a secret sample of its patients. */
const patientPrivacySchema = z
  .object({
    /** The chance of a patient to be in a round's step, above 0 and up to 1. */
    samplingRate: z
      .number()
      .finite()
      .min(2 ** -20)
      .max(1),
    /** The largest L2 norm of one patient's part in its hospital's update: learning rate times gradient over batchSize. */
    clipNorm: z.number().finite().positive(),
    /** The largest L2 norm of one patient's part once it is rounded to integers, a power of two. */
    integerNorm: countField.refine((value) => value >= 64 && value <= 2 ** 14 && Number.isInteger(Math.log2(value)), {
      message: "must be a power of two, 64 to 16384",
    }),
    /** Standard deviation of the noise in a sum over integerNorm, a multiple of 1/64. */
    noiseMultiplier: z.number().refine((value) => value > 0 && value <= 256 && Number.isInteger(value * 64), {
      message: "must be a multiple of 1/64, up to 256",
    }),
    /** The chance for which epsilon does not hold. */
    delta: z.number().min(1e-12).max(0.01),
  })
  .strict();

/** Differential privacy of single patients. @useDeclaredType */
export type PatientPrivacy = z.output<typeof patientPrivacySchema>;

/** Strict, as every schema. */
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
    /**
     * How many sums may ever be opened, predecessors' included: rounds that fail after their seal count. With buckets those of a
     * round count as one.
     */
    maxSeals: countField.refine((value) => value >= 1 && value <= 1_000_000, { message: "must be 1 to 1000000" }),
    /**
     * Buckets that a round's hospitals are drawn into, each with a sum of its own: the strategy is a robust rule over their means.
     * Without it there is one sum of all. A round needs four hospitals a bucket.
     */
    buckets: countField
      .refine((value) => value >= fewestDrawn && value <= mostBuckets, {
        message: `must be ${fewestDrawn} to ${mostBuckets}`,
      })
      .optional(),
    /** Noise that hides single patients in every sum; without it sums are exact. */
    patient: patientPrivacySchema.optional(),
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

// Schemas of fields that several objects share: one spelling for each value, so that canonical bytes stay canonical.
import { z } from "zod";
import type { Digest, HospitalAddress, RoundId } from "./digest.ts";

export const digestField = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Digest);
export const addressField = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/)
  .transform((text) => text as HospitalAddress);
export const roundField = z
  .number()
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .transform((number) => number as RoundId);
export const countField = z.number().int().safe().nonnegative();
/** A 32-bit seed. */
export const seedField = z
  .number()
  .int()
  .min(0)
  .max(2 ** 32 - 1);
export const signatureField = z
  .string()
  .regex(/^0x[0-9a-f]{130}$/)
  .transform((text) => text as `0x${string}`);

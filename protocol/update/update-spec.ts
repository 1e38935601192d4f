// The plan's section on updates: how a weight delta becomes integers that all parties can add exactly.
import { z } from "zod";

export const updateSpecSchema = z
  .object({
    /** Integer type of an update's tensors. I16 is half of float32's bytes, I8 a quarter; I32 is for comparison. */
    type: z.enum(["I8", "I16", "I32"]),
    /** The largest L2 norm of an update (delta plus residual): it bounds a hospital's influence. */
    clipNorm: z
      .number()
      .min(2 ** -20)
      .max(2 ** 20),
    /** Share of the coordinates, by magnitude, that an update carries (sparse top-k); 1 sends all of them. */
    topFraction: z.number().gt(0).max(1),
    /** A tensor whose name contains one of these never leaves the hospital (FedBN, Li et al. 2021). */
    localTensors: z.array(z.string().min(1).max(128)).max(64),
  })
  .strict();

/** The plan's section on updates: clipping, rounding, sparsity, and tensors that stay at the hospitals. @useDeclaredType */
export type UpdateSpec = z.output<typeof updateSpecSchema>;

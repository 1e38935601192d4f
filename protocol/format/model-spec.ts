// The network and the training of a plan, as plain data: model/ builds from it, and every party hashes it.
import { z } from "zod";

export const modelSpecSchema = z
  .object({
    /** compact trains on two cores in minutes; iv3 is the paper's Inception V3 extractor. */
    preset: z.enum(["compact", "iv3"]),
    input: z
      .object({
        /** Slices sampled from a scan; a scan may have any number. */
        slices: z.number().int().min(1).max(512),
        height: z.number().int().min(16).max(1024),
        width: z.number().int().min(16).max(1024),
        /** Window channels. */
        channels: z.number().int().min(1).max(8),
      })
      .strict(),
    routing: z.object({ iterations: z.number().int().min(1).max(10), variant: z.enum(["sabour", "paper"]) }).strict(),
    /** group: group norm, shared. batch-local: batch norm whose parameters stay at the hospital (FedBN). */
    normalisation: z.enum(["group", "batch-local", "none"]),
    /** Adds Sabour's reconstruction decoder and its loss. */
    reconstruction: z.boolean(),
  })
  .strict();

/** The plan's section on the network and its input. */
export type ModelSpec = z.output<typeof modelSpecSchema>;

export const trainingSpecSchema = z
  .object({
    localEpochs: z.number().int().min(1).max(1000),
    /** Scans a step. */
    batchSize: z.number().int().min(1).max(256),
    optimiser: z.discriminatedUnion("name", [
      z
        .object({
          name: z.literal("sgd"),
          learningRate: z.number().positive().finite(),
          momentum: z.number().min(0).max(1),
          nesterov: z.boolean(),
        })
        .strict(),
      z.object({ name: z.literal("adam"), learningRate: z.number().positive().finite() }).strict(),
    ]),
    /** Learning rate over the rounds: constant, or a cosine from the first to the plan's last round. */
    schedule: z.enum(["constant", "cosine"]),
    /** Weighs the loss by inverse class frequency of the hospital's own shard. */
    classWeights: z.boolean(),
    /** Shift, rotation, scale, HU noise and slice jitter, seeded. */
    augmentation: z.boolean(),
    /** FedProx's mu: 0 is FedAvg. */
    proximalMu: z.number().min(0).finite(),
  })
  .strict();

/** The plan's section on training. */
export type TrainingSpec = z.output<typeof trainingSpecSchema>;

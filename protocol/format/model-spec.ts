// The network and the training of a plan, as plain data: model/ builds from it, and every party hashes it.
import { z } from "zod";

export const modelSpecSchema = z
  .object({
    /** compact trains on two cores in minutes; standard takes larger slices; iv3 is the paper's Inception V3 extractor. */
    preset: z.enum(["compact", "standard", "iv3"]),
    /** What the network takes of a scan: [slices, height, width, channels]. */
    input: z
      .object({
        /** Slices sampled from a scan; a scan may have any number. */
        slices: z.number().int().min(1).max(512),
        /** Rows of a slice; a hospital's shard must have as many. */
        height: z.number().int().min(16).max(1024),
        /** Columns of a slice; a hospital's shard must have as many. */
        width: z.number().int().min(16).max(1024),
        /** Windows of HU, one channel each; a hospital's shard must have as many. */
        channels: z.number().int().min(1).max(8),
      })
      .strict(),
    /** Routing by agreement between the capsules of slices and those of classes (Sabour 2017). */
    routing: z
      .object({
        /** How often the couplings are computed (Sabour 2017, r of procedure 1); with 1 they are all alike. */
        iterations: z.number().int().min(1).max(10),
        /** sabour: logits accumulate, squash of eq. 1. paper: logits are replaced, squash s |s| / (0.5 + |s|^2). */
        variant: z.enum(["sabour", "paper"]),
      })
      .strict(),
    /** group: group norm, shared. batch-local: batch norm whose parameters stay at the hospital (FedBN). */
    normalisation: z.enum(["group", "batch-local", "none"]),
    /** Adds Sabour's reconstruction decoder and its loss. */
    reconstruction: z.boolean(),
    /**
     * Shows a scan and its mirror image, left to right: one of both at random in training, both in scoring, whose lengths are
     * averaged. Not at all unless asked for.
     */
    mirror: z.boolean().optional(),
  })
  .strict();

/** The plan's section on the network and its input. @useDeclaredType */
export type ModelSpec = z.output<typeof modelSpecSchema>;

/** Step size in the first round; `schedule` may lower it in later ones. */
const learningRate = z.number().positive().finite();

export const trainingSpecSchema = z
  .object({
    /** Passes of a hospital over its training scans in one round. */
    localEpochs: z.number().int().min(1).max(1000),
    /** Scans a step. */
    batchSize: z.number().int().min(1).max(256),
    /** Turns gradients into steps; its state starts at zero in each round. */
    optimiser: z.discriminatedUnion("name", [
      z
        .object({
          /** Stochastic gradient descent: the one that SCAFFOLD needs. */
          name: z.literal("sgd"),
          learningRate,
          /** Share of the velocity that stays from step to step; 0 is plain SGD. */
          momentum: z.number().min(0).max(1),
          /** Steps by momentum x velocity + gradient in place of the velocity; without momentum it changes nothing. */
          nesterov: z.boolean(),
        })
        .strict(),
      z
        .object({
          /** Kingma and Ba 2015, with beta 0.9 and 0.999, epsilon 1e-7. */
          name: z.literal("adam"),
          learningRate,
        })
        .strict(),
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

/** The plan's section on training. @useDeclaredType */
export type TrainingSpec = z.output<typeof trainingSpecSchema>;

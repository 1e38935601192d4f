// The plan's section on aggregation: the rule that makes the next model from the updates, with all of its parameters.
import { z } from "zod";

const common = {
  /** No hospital's weight exceeds this share of the round's total weight, in thousandths; 1000 is no bound. */
  maxSharePermille: z.number().int().min(1).max(1000),
  /** Updates trained from a model up to this many rounds older than the base are taken, at weight / (1 + age). */
  maxStaleness: z.number().int().min(0).max(16),
};
const positive = z.number().positive().max(1e6);
const decay = z.number().min(0).lt(1);
/** How many of the round's updates may be hostile. */
const byzantine = z.number().int().min(0).max(511);

const adaptive = { ...common, serverLearningRate: positive, beta1: decay, beta2: decay, tau: positive };

export const strategySpecSchema = z.discriminatedUnion("name", [
  z.object({ name: z.literal("fedavg"), ...common }).strict(),
  z.object({ name: z.literal("fedavgm"), ...common, serverLearningRate: positive, momentum: decay }).strict(),
  z.object({ name: z.literal("fedadam"), ...adaptive }).strict(),
  z.object({ name: z.literal("fedyogi"), ...adaptive }).strict(),
  z.object({ name: z.literal("fedadagrad"), ...common, serverLearningRate: positive, tau: positive }).strict(),
  z
    .object({
      name: z.literal("scaffold"),
      ...common,
      serverLearningRate: positive,
      /** Largest L2 norm of a hospital's change of its control variate. */
      controlClipNorm: z
        .number()
        .min(2 ** -20)
        .max(2 ** 20),
    })
    .strict(),
  z.object({ name: z.literal("median"), ...common }).strict(),
  z.object({ name: z.literal("trimmed-mean"), ...common, byzantine }).strict(),
  z.object({ name: z.literal("krum"), ...common, byzantine }).strict(),
  z.object({ name: z.literal("multi-krum"), ...common, byzantine }).strict(),
  z.object({ name: z.literal("bulyan"), ...common, byzantine }).strict(),
  z.object({ name: z.literal("geometric-median"), ...common, iterations: z.number().int().min(1).max(100) }).strict(),
]);

/** The plan's section on aggregation: a rule with its parameters. */
export type StrategySpec = z.output<typeof strategySpecSchema>;
/** A rule's name in a plan. */
export type StrategyName = StrategySpec["name"];

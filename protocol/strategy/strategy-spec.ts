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
/** The server's step size (Reddi 2021, eta; Karimireddy 2020, eta_g). */
const serverLearningRate = positive;
/** Added to sqrt(v), in the weights' unit: the larger it is, the less the rule adapts to each coordinate (Reddi 2021). */
const tau = positive;

const adaptive = {
  ...common,
  serverLearningRate,
  /** Share of the old first moment m in the new one (Reddi 2021, beta_1); 0 has no memory. */
  beta1: decay,
  /** Share of the old second moment v in the new one (Reddi 2021, beta_2). */
  beta2: decay,
  tau,
};

export const strategySpecSchema = z.discriminatedUnion("name", [
  z
    .object({
      /** Weighted mean of the updates (McMahan 2017); with `training.proximalMu` above 0, FedProx (Li 2020). */
      name: z.literal("fedavg"),
      ...common,
    })
    .strict(),
  z
    .object({
      /** The mean drives a momentum at the server (Hsu 2019). */
      name: z.literal("fedavgm"),
      ...common,
      serverLearningRate,
      /** Share of the velocity that stays from round to round: v = momentum v + delta. */
      momentum: decay,
    })
    .strict(),
  z
    .object({
      /** Adam at the server (Reddi 2021, algorithm 2). */
      name: z.literal("fedadam"),
      ...adaptive,
    })
    .strict(),
  z
    .object({
      /** Yogi at the server (Reddi 2021, algorithm 2). */
      name: z.literal("fedyogi"),
      ...adaptive,
    })
    .strict(),
  z
    .object({
      /** Adagrad at the server (Reddi 2021, algorithm 2, without a first moment). */
      name: z.literal("fedadagrad"),
      ...common,
      serverLearningRate,
      tau,
    })
    .strict(),
  z
    .object({
      /** Control variates against unlike data (Karimireddy 2020, algorithm 1); needs the optimiser `sgd`. */
      name: z.literal("scaffold"),
      ...common,
      serverLearningRate,
      /** Largest L2 norm of a hospital's change of its control variate. */
      controlClipNorm: z
        .number()
        .min(2 ** -20)
        .max(2 ** 20),
    })
    .strict(),
  z
    .object({
      /** Median of each coordinate (Yin 2018); sample counts do not matter. */
      name: z.literal("median"),
      ...common,
    })
    .strict(),
  z
    .object({
      /** Mean of each coordinate without its f smallest and f largest values (Yin 2018); needs n > 2f updates. */
      name: z.literal("trimmed-mean"),
      ...common,
      byzantine,
    })
    .strict(),
  z
    .object({
      /** The one update that is closest to its neighbours (Blanchard 2017); needs n > 2f + 2 updates. */
      name: z.literal("krum"),
      ...common,
      byzantine,
    })
    .strict(),
  z
    .object({
      /** Weighted mean of the n - f - 2 best by Krum's score (Blanchard 2017); needs n > 2f + 2 updates. */
      name: z.literal("multi-krum"),
      ...common,
      byzantine,
    })
    .strict(),
  z
    .object({
      /** Krum's choice, then a trimmed mean of each coordinate (El Mhamdi 2018); needs n >= 4f + 3 updates. */
      name: z.literal("bulyan"),
      ...common,
      byzantine,
    })
    .strict(),
  z
    .object({
      /** The point of least summed distance to the updates (Pillutla 2022, RFA, algorithm 2). */
      name: z.literal("geometric-median"),
      ...common,
      /** Smoothed Weiszfeld steps, from the weighted mean on. */
      iterations: z.number().int().min(1).max(100),
    })
    .strict(),
]);

/** The plan's section on aggregation: a rule with its parameters. @useDeclaredType */
export type StrategySpec = z.output<typeof strategySpecSchema>;
/** A rule's name in a plan. */
export type StrategyName = StrategySpec["name"];

// The options of a cross-validation, parsed once from the command line.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { methodNames } from "../../study/cross-validate/cross-options.ts";
import { planChoicesSchema, refuseOption } from "../plan/plan-options.ts";
import { parseOptions, seedSchema, whole } from "../terminal/parse-options.ts";

/**
 * A cross-validation has its own seed, sides and mirror; no chain, no private sums and no tensors that stay at hospitals; the
 * scans decide the channels.
 */
const choicesSchema = planChoicesSchema.omit({
  ...{ seed: true, height: true, width: true, channels: true, mirror: true },
  ...{
    localTensors: true,
    maxStaleness: true,
    sampleCap: true,
    minUpdates: true,
    validationShare: true,
    testShare: true,
  },
  ...{ private: true, unitWeight: true, largest: true, maxSeals: true, buckets: true },
  ...{
    epsilon: true,
    noiseMultiplier: true,
    delta: true,
    samplingRate: true,
    patientClipNorm: true,
    integerNorm: true,
  },
});

/** Whether the command shares this option with `consilium plan`. */
export function isCrossChoice(name: string): boolean {
  return name in choicesSchema.shape;
}

const optionsSchema = z.object({
  shard: z.string().optional(),
  archive: z.string().optional(),
  labels: z.string().optional(),
  passwordFile: z.string().optional(),
  password: z.string().optional(),
  out: z.string(),
  rows: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(methodNames)).min(1)),
  folds: whole(2, 20),
  seed: seedSchema,
  /** File of a plan that the capsules follow as it is. */
  plan: z.string().optional(),
  /** File of a model that the capsules begin with. */
  firstModel: z.string().optional(),
  side: whole(16, 512).optional(),
  mirror: z.boolean().default(true),
  stop: z.enum(["best", "last"]),
  trainings: whole(1, 50),
  hospitals: whole(2, 256),
  partition: z
    .string()
    .regex(/^(equal|scanner|size|dirichlet:\d+(\.\d+)?)$/, "equal, scanner, size or dirichlet:ALPHA"),
  cnnSide: whole(32, 512),
  cnnEpochs: whole(1, 10_000),
  shuffleLabels: z.boolean().default(false),
  json: z.boolean().default(false),
  ...choicesSchema.shape,
});

export type CrossOptions = z.output<typeof optionsSchema>;

/** The options that decide the plan. */
export function crossChoices(options: CrossOptions): z.output<typeof choicesSchema> {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => isCrossChoice(name) && value !== undefined),
  );
}

/** @throws OPTION_INVALID naming the option */
export function parseCrossOptions(raw: unknown): CrossOptions {
  const options = parseOptions(optionsSchema, raw, "cross-validate");
  if ((options.shard === undefined) === (options.archive === undefined)) {
    const facts = { option: "--shard", why: "give a shard or an archive, one of them" };
    throw new FedError("OPTION_INVALID", facts, { remedy: "see consilium cross-validate --help" });
  }
  if (options.firstModel !== undefined && options.rows.includes("standard")) {
    refuseOption("firstModel", "the row standard has another network: leave one of them out", "cross-validate");
  }
  if (options.plan === undefined) return options;
  const chosen = Object.keys(crossChoices(options));
  if (options.side !== undefined) chosen.push("side");
  if (!options.mirror) chosen.push("mirror");
  if (chosen[0]) refuseOption(chosen[0], "the plan given by --plan decides it", "cross-validate");
  return options;
}

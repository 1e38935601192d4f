// The options of a cross-validation, parsed once from the command line.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { methodNames } from "../../study/cross-validate/cross-options.ts";
import { parseOptions, seedSchema, whole } from "../terminal/parse-options.ts";

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
  side: whole(16, 512),
  slices: whole(1, 512),
  normalisation: z.enum(["none", "group", "batch-local"]),
  mirror: z.boolean().default(true),
  rounds: whole(1, 1000),
  localEpochs: whole(1, 1000),
  batch: whole(1, 256),
  trainings: whole(1, 50),
  learningRate: z.coerce.number().positive(),
  hospitals: whole(2, 256),
  partition: z
    .string()
    .regex(/^(equal|scanner|size|dirichlet:\d+(\.\d+)?)$/, "equal, scanner, size or dirichlet:ALPHA"),
  cnnSide: whole(32, 512),
  cnnEpochs: whole(1, 10_000),
  shuffleLabels: z.boolean().default(false),
  json: z.boolean().default(false),
});

export type CrossOptions = z.output<typeof optionsSchema>;

/** @throws OPTION_INVALID naming the option */
export function parseCrossOptions(raw: unknown): CrossOptions {
  const options = parseOptions(optionsSchema, raw, "cross-validate");
  if ((options.shard === undefined) === (options.archive === undefined)) {
    const facts = { option: "--shard", why: "give a shard or an archive, one of them" };
    throw new FedError("OPTION_INVALID", facts, { remedy: "see consilium cross-validate --help" });
  }
  return options;
}

// What a cross-validation can be asked for, parsed once from the command line.
import { z } from "zod";
import { FedError } from "../../protocol/errors.ts";
import { seedField } from "../../protocol/fields.ts";

const rowNames = ["majority", "logistic", "cnn", "compact", "federated"] as const;

const whole = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);

const optionsSchema = z.object({
  shard: z.string().optional(),
  archive: z.string().optional(),
  labels: z.string().optional(),
  password: z.string().optional(),
  out: z.string(),
  rows: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(rowNames)).min(1)),
  folds: whole(2, 20),
  seed: z.coerce.number().pipe(seedField),
  side: whole(16, 512),
  slices: whole(1, 512),
  normalisation: z.enum(["none", "group", "batch-local"]),
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

/** @throws FedError OPTION_INVALID naming the option */
export function parseCrossOptions(raw: unknown): CrossOptions {
  const parsed = optionsSchema.safeParse(raw);
  const remedy = "see consilium cross-validate --help";
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0] ?? "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new FedError("OPTION_INVALID", { option: `--${name}`, why: issue?.message }, { remedy });
  }
  const { shard, archive } = parsed.data;
  if ((shard === undefined) === (archive === undefined)) {
    throw new FedError(
      "OPTION_INVALID",
      { option: "--shard", why: "give a shard or an archive, one of them" },
      { remedy },
    );
  }
  return parsed.data;
}

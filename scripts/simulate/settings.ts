// What a simulation can be asked for, parsed once from the command line, and the plan that follows from it.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { seedField } from "../../protocol/format/fields.ts";

const whole = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);

export const settingsSchema = z
  .object({
    hospitals: whole(1, 256).default(4),
    rounds: whole(1, 1000).default(8),
    seed: z.coerce.number().pipe(seedField).default(7),
    /** A folder or zip of CT; without it a synthetic archive is written. */
    archive: z.string().optional(),
    /** CSV of patient and label, where the archive's folders do not say. */
    labels: z.string().optional(),
    password: z.string().optional(),
    /** Synthetic archive: patients, and the side of a slice in pixels. */
    patients: whole(8, 5000).optional(),
    matrix: whole(64, 512).default(128),
    /** equal, or dirichlet:ALPHA over the labels, or scanner, or size. */
    partition: z
      .string()
      .regex(/^(equal|scanner|size|dirichlet:\d+(\.\d+)?)$/)
      .default("dirichlet:2"),
    preset: z.enum(["compact", "iv3"]).default("compact"),
    localEpochs: whole(1, 100).default(4),
    /** Hospitals without processes of their own, one shared trainer: for hundreds of them. */
    inProcess: z.boolean().default(false),
    /** Port of the chain's RPC; 0 takes a free one. */
    rpcPort: whole(0, 65535).default(0),
  })
  .strict()
  // A few for every hospital, with those that are held out for the test.
  .transform((given) => ({ ...given, patients: given.patients ?? Math.max(96, 6 * given.hospitals) }));

export type Settings = z.output<typeof settingsSchema>;

/** @throws FedError OPTION_INVALID naming the option */
export function parseSettings(options: unknown): Settings {
  const parsed = settingsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new FedError(
    "OPTION_INVALID",
    { option: `--${name}`, why: issue?.message },
    { remedy: "see consilium simulate --help" },
  );
}

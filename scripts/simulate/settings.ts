// The options of a simulation, parsed once from the command line.
import { z } from "zod";
import { seedField } from "../../protocol/format/fields.ts";
import { type PlanChoices, planChoicesSchema, refuseOption } from "../plan/plan-options.ts";
import { parseOptions, whole } from "../terminal/parse-options.ts";

/** The seed also decides the data. */
const { seed: _, ...choices } = planChoicesSchema.shape;

export const settingsSchema = z
  .object({
    hospitals: whole(1, 256).default(4),
    seed: z.coerce.number().pipe(seedField).default(7),
    /** A folder or zip of CT; without it a synthetic archive is written. */
    archive: z.string().optional(),
    /** CSV of patient and label, where the archive's folders do not say. */
    labels: z.string().optional(),
    /** File whose first line is the password of encrypted zips. */
    passwordFile: z.string().optional(),
    /** Synthetic archive: patients, and the side of a slice in pixels. */
    patients: whole(8, 5000).optional(),
    matrix: whole(64, 512).default(128),
    /** equal, or dirichlet:ALPHA over the labels, or scanner, or size. */
    partition: z
      .string()
      .regex(/^(equal|scanner|size|dirichlet:\d+(\.\d+)?)$/)
      .default("dirichlet:2"),
    /** File of a plan to follow as it is; without it the plan's options decide. */
    plan: z.string().optional(),
    /** File of the model that the first round begins with; without it weights are drawn. */
    firstModel: z.string().optional(),
    ...choices,
    /** All hospitals in one process with one trainer, for large numbers of them. */
    inProcess: z.boolean().default(false),
    /** Port of the chain's RPC; 0 takes a free one. */
    rpcPort: whole(0, 65535).default(0),
  })
  .strict()
  // At least six patients a hospital.
  .transform((given) => ({ ...given, patients: given.patients ?? Math.max(96, 6 * given.hospitals) }));

export type Settings = z.output<typeof settingsSchema>;

/** The options that decide the plan. */
export function planChoicesOf(settings: Settings): PlanChoices {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name in planChoicesSchema.shape));
}

/** @throws OPTION_INVALID naming the option */
export function parseSettings(options: unknown): Settings {
  const settings = parseOptions(settingsSchema, options, "simulate");
  if (settings.plan === undefined) return settings;
  const [chosen] = Object.keys(planChoicesOf(settings)).filter((name) => name !== "seed");
  if (chosen) refuseOption(chosen, "the plan given by --plan decides it", "simulate");
  return settings;
}

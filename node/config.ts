// A hospital's configuration: one strict schema, parsed once at start.
import { resolve } from "node:path";
import { z } from "zod";
import { fileFields, parsePartyConfig, partyConfigFields } from "../party/config.ts";
import { digestField } from "../protocol/format/fields.ts";

const hospitalConfigSchema = z
  .object({
    ...partyConfigFields,
    shard: z.string().describe("Folder of the imported data, which consilium import wrote."),
    plan: digestField
      .optional()
      .describe(
        "Digest of the only plan to train under; without it the hospital trains under the plan that the consortium agreed on, on chain.",
      ),
    scoresEvery: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(1)
      .describe(
        "The scores of every so many rounds' models are published, and of the plan's last; 0: none ever. Fewer say less about single patients.",
      ),
  })
  .strict();

/** The same as it stands in a file: an editor checks a file by it. */
export const hospitalFileSchema = hospitalConfigSchema.extend(fileFields);

export type HospitalConfig = z.output<typeof hospitalConfigSchema>;

/**
 * @param baseDir folder that relative paths start from
 * @throws CONFIG_INVALID
 */
export function parseHospitalConfig(raw: unknown, { baseDir }: { baseDir: string }): HospitalConfig {
  const config = parsePartyConfig(hospitalConfigSchema, raw, { baseDir, command: "node" });
  return Object.freeze({ ...config, shard: resolve(baseDir, config.shard) });
}

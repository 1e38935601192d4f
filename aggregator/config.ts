// An aggregator's configuration: one strict schema, parsed once at start.
import { resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { fileFields, parsePartyConfig, partyConfigFields } from "../party/config.ts";

const aggregatorConfigSchema = z
  .object({
    ...partyConfigFields,
    plan: z.string().describe("File of the plan, which consilium plan wrote."),
    genesis: z.string().describe("File of the model that the first round starts from, safetensors."),
    rounds: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe("No round is opened after this many final ones; without it the plan's number."),
    settleSeconds: z
      .number()
      .int()
      .min(0)
      .max(3600)
      .default(10)
      .describe("Seconds of chain time to wait for late votes on a final round, so that their scores count."),
  })
  .strict();

/** The same as it stands in a file: an editor checks a file by it. */
export const aggregatorFileSchema = aggregatorConfigSchema.extend(fileFields);

export type AggregatorConfig = z.output<typeof aggregatorConfigSchema>;

/**
 * @param baseDir folder that relative paths start from
 * @throws CONFIG_INVALID
 */
export function parseAggregatorConfig(raw: unknown, { baseDir }: { baseDir: string }): AggregatorConfig {
  const config = parsePartyConfig(aggregatorConfigSchema, raw, { baseDir, command: "aggregator" });
  if (config.chain.relayed) {
    const remedy = "an aggregator opens rounds and proposes: it needs gas; only hospitals can be relayed";
    throw new FedError("CONFIG_INVALID", { field: "chain.relayed" }, { remedy });
  }
  return Object.freeze({ ...config, plan: resolve(baseDir, config.plan), genesis: resolve(baseDir, config.genesis) });
}

// An aggregator's configuration: one strict schema, parsed once at the edge.
import { resolve } from "node:path";
import { z } from "zod";
import { parsePartyConfig, partyConfigFields } from "../party/config.ts";

const aggregatorConfigSchema = z
  .object({
    ...partyConfigFields,
    /** File of the plan, JSON. */
    plan: z.string(),
    /** File of the model that the first round starts from, safetensors. */
    genesis: z.string(),
    /** Final rounds to stop opening after; as many as the plan says when left out. */
    rounds: z.number().int().min(1).optional(),
    /** Seconds of chain time that late attestations of a final round are waited for, so that their scores count. */
    settleSeconds: z.number().int().min(0).max(3600).default(10),
  })
  .strict();

export type AggregatorConfig = z.output<typeof aggregatorConfigSchema>;

/**
 * @param baseDir what relative paths are relative to
 * @throws FedError CONFIG_INVALID naming the field
 */
export function parseAggregatorConfig(raw: unknown, { baseDir }: { baseDir: string }): AggregatorConfig {
  const config = parsePartyConfig(aggregatorConfigSchema, raw, { baseDir, command: "aggregator" });
  return Object.freeze({ ...config, plan: resolve(baseDir, config.plan), genesis: resolve(baseDir, config.genesis) });
}

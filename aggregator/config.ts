// An aggregator's configuration: one strict schema, parsed once at the edge.
import { resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../protocol/errors.ts";
import { partyConfigFields } from "../protocol/party-config.ts";

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
  const parsed = aggregatorConfigSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const facts = { field: issue?.path.join(".") || "(root)", why: issue?.message };
    throw new FedError("CONFIG_INVALID", facts, { remedy: "see consilium aggregator --help for the fields" });
  }
  const { keys, store, plan, genesis, ...rest } = parsed.data;
  const at = (path: string) => resolve(baseDir, path);
  return Object.freeze({
    ...rest,
    keys: {
      keystore: at(keys.keystore),
      peerKey: at(keys.peerKey),
      ...(keys.passwordFile === undefined ? {} : { passwordFile: at(keys.passwordFile) }),
    },
    store: at(store),
    plan: at(plan),
    genesis: at(genesis),
  });
}

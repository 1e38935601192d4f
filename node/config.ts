// A hospital's configuration: one strict schema, parsed once at the edge.
import { resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../protocol/errors.ts";
import { digestField } from "../protocol/fields.ts";
import { partyConfigFields } from "../protocol/party-config.ts";

const hospitalConfigSchema = z
  .object({
    ...partyConfigFields,
    /** Folder of the hospital's imported data. */
    shard: z.string(),
    /** Digest of the only plan to train under; without it, the plan of the first round that the hospital sees. */
    plan: digestField.optional(),
  })
  .strict();

export type HospitalConfig = z.output<typeof hospitalConfigSchema>;

/**
 * @param baseDir what relative paths are relative to
 * @throws FedError CONFIG_INVALID naming the field
 */
export function parseHospitalConfig(raw: unknown, { baseDir }: { baseDir: string }): HospitalConfig {
  const parsed = hospitalConfigSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const facts = { field: issue?.path.join(".") || "(root)", why: issue?.message };
    throw new FedError("CONFIG_INVALID", facts, { remedy: "see consilium node --help for the fields" });
  }
  const { keys, store, shard, ...rest } = parsed.data;
  const at = (path: string) => resolve(baseDir, path);
  return Object.freeze({
    ...rest,
    keys: {
      keystore: at(keys.keystore),
      peerKey: at(keys.peerKey),
      ...(keys.passwordFile === undefined ? {} : { passwordFile: at(keys.passwordFile) }),
    },
    store: at(store),
    shard: at(shard),
  });
}

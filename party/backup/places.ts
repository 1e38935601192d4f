// The files of a party that a backup holds, by the party's own configuration.
import { join, resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { partyConfigFields } from "../config.ts";

const placesSchema = z.object({ keys: partyConfigFields.keys, store: partyConfigFields.store }).passthrough();

export interface PartyPlaces {
  readonly keystore: string;
  readonly peerKey: string;
  readonly store: string;
}

/**
 * Reads the paths of a hospital's or an aggregator's configuration; all other fields are ignored.
 * @param baseDir folder that relative paths start from
 * @throws CONFIG_INVALID
 */
export function partyPlaces(rawConfig: unknown, baseDir: string): PartyPlaces {
  const parsed = placesSchema.safeParse(rawConfig);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FedError("CONFIG_INVALID", { field: issue?.path.join(".") || "(root)", why: issue?.message });
  }
  const { keys, store } = parsed.data;
  const at = (path: string) => resolve(baseDir, path);
  return { keystore: at(keys.keystore), peerKey: at(keys.peerKey), store: at(store) };
}

/** The parts of a store's folder. */
export function storeFolders(store: string) {
  return {
    blobs: join(store, "blobs"),
    notes: join(store, "notes"),
    largeNotes: join(store, "large-notes"),
    localWeights: join(store, "local-weights"),
  };
}

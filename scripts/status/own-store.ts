// What a party's own store takes of its disk, for the party's operator: it is read from the folder, and a running node is not
// disturbed.
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { diskSpaceOf } from "../../io/store/disk-space.ts";
import { storeFigures } from "../../io/store/store-quota.ts";
import { partyConfigFields } from "../../party/config.ts";
import { isConsortium } from "../consortium/consortium-file.ts";
import { readConfigFile } from "../party/read-config.ts";

export interface OwnStore {
  readonly objects: number;
  readonly objectBytes: number;
  readonly unfinishedBytes: number;
  /** The limit of the configuration; null where the disk is the limit. */
  readonly maxBytes: number | null;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const { store, maxStoreGiB } = partyConfigFields;
const storeFields = z.object({ store, maxStoreGiB });

/** Undefined for a consortium, which has no store. @throws FILE_UNREADABLE, CONFIG_INVALID, STORE_MISSING */
export async function readOwnStore(configFile: string): Promise<OwnStore | undefined> {
  const raw = await readConfigFile(configFile);
  if (isConsortium(raw)) return undefined;
  const parsed = storeFields.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FedError("CONFIG_INVALID", { field: issue?.path.join("."), why: issue?.message });
  }
  const dir = resolve(dirname(resolve(configFile)), parsed.data.store);
  const limit = parsed.data.maxStoreGiB;
  try {
    const space = await diskSpaceOf(dir);
    return {
      ...(await storeFigures(join(dir, "blobs"))),
      maxBytes: limit === undefined ? null : limit * 2 ** 30,
      ...space,
    };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new FedError("STORE_MISSING", { dir }, { cause, remedy: "start the party once, or check the field store" });
  }
}

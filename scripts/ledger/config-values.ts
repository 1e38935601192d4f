// What a configuration, a consortium's or a party's, gives in place of options.
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { partyConfigFields } from "../../party/config.ts";
import { type ConsortiumFile, isConsortium, parseConsortium } from "../consortium/consortium-file.ts";
import { readConfigFile } from "../party/read-config.ts";

/** Values by the names of options. */
export type Given = Readonly<Record<string, unknown>>;

/** Undefined for a party's. @throws FILE_UNREADABLE, CONFIG_INVALID */
export async function readConsortium(file: string): Promise<ConsortiumFile | undefined> {
  const raw = await readConfigFile(file);
  return isConsortium(raw) ? parseConsortium(raw, dirname(resolve(file))) : undefined;
}

const { chain, keys } = partyConfigFields;
const partySchema = z.object({ federation: z.unknown(), chain, keys }).partial();

/** Chain, federation and key. @throws FILE_UNREADABLE, CONFIG_INVALID */
export async function connectionOf(file: string): Promise<Given> {
  const baseDir = dirname(resolve(file));
  const consortium = await readConsortium(file);
  if (consortium) {
    const { endpoints: rpc, confirmations, maxFeeGwei } = consortium.chain;
    const { federation, keys } = consortium;
    return { federation, rpc, ...texts({ confirmations, maxFeeGwei }), ...keys };
  }
  const parsed = partySchema.safeParse(await readConfigFile(file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FedError("CONFIG_INVALID", { field: issue?.path.join("."), why: issue?.message });
  }
  const { federation, chain: own, keys: ownKeys } = parsed.data;
  if (federation !== undefined && typeof federation !== "string") {
    const remedy = "for this command, name the federation file by its path: --federation, or in the configuration";
    throw new FedError("CONFIG_INVALID", { field: "federation" }, { remedy });
  }
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(baseDir, path));
  return {
    federation: at(federation),
    rpc: own?.endpoints,
    ...(own ? texts(own) : {}),
    keystore: at(ownKeys?.keystore),
    passwordFile: at(ownKeys?.passwordFile),
  };
}

/** As the options have them, which are parsed by the command. */
const texts = ({ confirmations, maxFeeGwei }: { confirmations: number; maxFeeGwei: number }) => ({
  confirmations: String(confirmations),
  maxFeeGwei: String(maxFeeGwei),
});

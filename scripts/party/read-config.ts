// A party's configuration file, with what it refers to: the federation file and the keystore's password.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { readFederationFile, requireKnownAbi } from "../../io/chain/federation-file.ts";
import { readPassword } from "../terminal/read-password.ts";
import { parseConfigText } from "./config-text.ts";

export interface RawPartyConfig {
  /** To be parsed by the role's own schema. */
  readonly raw: unknown;
  /** The folder to which relative paths in it refer. */
  readonly baseDir: string;
  readonly password: string;
}

/** @throws FILE_UNREADABLE, CONFIG_INVALID, PASSWORD_MISSING, FEDERATION_FILE_MISSING, FEDERATION_FILE_MALFORMED, FEDERATION_ABI_MISMATCH */
export async function readPartyConfig(configPath: string): Promise<RawPartyConfig> {
  const { raw, baseDir } = await readConfigWithFederation(configPath);
  return { raw, baseDir, password: await readConfiguredPassword(raw, baseDir) };
}

/**
 * The configuration and the federation file that it names, without the password.
 * @throws FILE_UNREADABLE, CONFIG_INVALID, FEDERATION_FILE_MISSING, FEDERATION_FILE_MALFORMED, FEDERATION_ABI_MISMATCH
 */
export async function readConfigWithFederation(configPath: string): Promise<Omit<RawPartyConfig, "password">> {
  const path = resolve(configPath);
  const baseDir = dirname(path);
  return { raw: await withFederation(await readFields(path), baseDir), baseDir };
}

/** The keystore's password, from where the configuration says. @throws PASSWORD_MISSING, FILE_UNREADABLE, ABORTED */
export async function readConfiguredPassword(raw: unknown, baseDir: string): Promise<string> {
  const file = (raw as { keys?: { passwordFile?: unknown } } | null)?.keys?.passwordFile;
  return readPassword({
    file: typeof file === "string" ? resolve(baseDir, file) : undefined,
    fileOption: "keys.passwordFile",
    prompt: "Password of the keystore",
  });
}

/** A configuration file as it stands. @throws FILE_UNREADABLE, CONFIG_INVALID */
export function readConfigFile(configPath: string): Promise<unknown> {
  return readFields(resolve(configPath));
}

async function readFields(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new FedError("FILE_UNREADABLE", { path }, { cause, remedy: "give a readable file with --config" });
  }
  return parseConfigText(text, path);
}

/** `federation` is either the path of the file that `consilium deploy` wrote, or its content. */
async function withFederation(raw: unknown, baseDir: string): Promise<unknown> {
  const { federation } = (raw ?? {}) as { federation?: unknown };
  if (typeof federation !== "string") {
    requireKnownAbi((federation as { abiDigest?: unknown } | undefined)?.abiDigest, "the configuration");
    return raw;
  }
  const { chainId, contract, fromBlock, codeDigest } = await readFederationFile(resolve(baseDir, federation));
  return { ...(raw as object), federation: { chainId, contract, fromBlock, codeDigest } };
}

// A party's configuration file with what it points at: the federation file, and the keystore's password.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { readFederationFile } from "../../io/chain/federation-file.ts";

export interface RawPartyConfig {
  /** To be parsed by the role's own schema. */
  readonly raw: unknown;
  /** What relative paths in it are relative to. */
  readonly baseDir: string;
  readonly password: string;
}

/** @throws FedError FILE_UNREADABLE, CONFIG_INVALID, PASSWORD_MISSING, FEDERATION_* */
export async function readPartyConfig(configPath: string): Promise<RawPartyConfig> {
  const path = resolve(configPath);
  const baseDir = dirname(path);
  const raw = await readJson(path);
  const password = await readPassword(raw, baseDir);
  return { raw: await withFederation(raw, baseDir), baseDir, password };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    const code = cause instanceof SyntaxError ? "CONFIG_INVALID" : "FILE_UNREADABLE";
    throw new FedError(code, { path }, { cause, remedy: "give a readable JSON file with --config" });
  }
}

/** `federation` may name the file that `consilium deploy` wrote, or hold its four fields. */
async function withFederation(raw: unknown, baseDir: string): Promise<unknown> {
  const { federation } = (raw ?? {}) as { federation?: unknown };
  if (typeof federation !== "string") return raw;
  const { chainId, contract, fromBlock, codeDigest } = await readFederationFile(resolve(baseDir, federation));
  return { ...(raw as object), federation: { chainId, contract, fromBlock, codeDigest } };
}

/** Of the password file's first line, or of the environment; never of an argument, which every user of a machine sees. */
async function readPassword(raw: unknown, baseDir: string): Promise<string> {
  const file = (raw as { keys?: { passwordFile?: unknown } } | null)?.keys?.passwordFile;
  if (typeof file !== "string") {
    const fromEnvironment = process.env["CONSILIUM_KEYSTORE_PASSWORD"];
    if (fromEnvironment !== undefined) return fromEnvironment;
    const remedy = "set CONSILIUM_KEYSTORE_PASSWORD, or name a file in keys.passwordFile";
    throw new FedError("PASSWORD_MISSING", {}, { remedy });
  }
  const path = resolve(baseDir, file);
  try {
    return (await readFile(path, "utf8")).split("\n", 1)[0] as string;
  } catch (cause) {
    throw new FedError("FILE_UNREADABLE", { path }, { cause, remedy: "check keys.passwordFile" });
  }
}

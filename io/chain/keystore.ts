// A party's chain key on disk, as the encrypted keystore file that ethers, geth and MetaMask read (Web3 Secret Storage).
import { readFile } from "node:fs/promises";
import { encryptKeystoreJson, Wallet } from "ethers/wallet";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { type HospitalAddress, parseAddress } from "../../protocol/format/digest.ts";
import { useNativeScrypt } from "./native-scrypt.ts";
import { writeNewFile } from "./new-file.ts";

useNativeScrypt();

/** What is readable without the password. */
export interface KeystoreSummary {
  readonly address: HospitalAddress;
  readonly kdf: string;
  /** Scrypt's CPU and memory cost. */
  readonly n: number | undefined;
}

const summarySchema = z.object({
  address: z.string(),
  crypto: z.object({ kdf: z.string(), kdfparams: z.object({ n: z.number().optional() }).passthrough() }).passthrough(),
});

/**
 * Creates a chain key and writes it encrypted, readable by its owner only; never overwrites a file.
 * @param n scrypt's cost, a power of two. The default, 2^17, takes 128 MB and about a second; lower it in tests only.
 * @throws FILE_EXISTS, FILE_UNWRITABLE
 */
export async function createKeystore(path: string, password: string, { n = 1 << 17 } = {}): Promise<HospitalAddress> {
  const { address, privateKey } = Wallet.createRandom();
  const json = await encryptKeystoreJson({ address, privateKey }, password, { scrypt: { N: n, r: 8, p: 1 } });
  await writeNewFile(path, `${json}\n`, { mode: 0o600 });
  return parseAddress(address);
}

/** @throws KEYSTORE_MISSING, KEYSTORE_MALFORMED, KEYSTORE_PASSWORD */
export async function openKeystore(path: string, password: string): Promise<Wallet> {
  const json = await readText(path);
  try {
    const account = await Wallet.fromEncryptedJson(json, password);
    return new Wallet(account.privateKey);
  } catch (cause) {
    const wrongPassword = cause instanceof Error && cause.message.includes("password");
    throw wrongPassword ? new FedError("KEYSTORE_PASSWORD", { path }, { cause }) : malformed(path, cause);
  }
}

/** Reads what is readable without the password. @throws KEYSTORE_MISSING, KEYSTORE_MALFORMED */
export async function readKeystore(path: string): Promise<KeystoreSummary> {
  const json = await readText(path);
  try {
    // Web3 Secret Storage writes "crypto", older files "Crypto", and addresses with or without 0x.
    const lower = Object.entries(JSON.parse(json) as object).map(([name, value]) => [name.toLowerCase(), value]);
    const { address, crypto } = summarySchema.parse(Object.fromEntries(lower));
    const whole = address.startsWith("0x") ? address : `0x${address}`;
    return { address: parseAddress(whole), kdf: crypto.kdf, n: crypto.kdfparams.n };
  } catch (cause) {
    throw malformed(path, cause);
  }
}

function malformed(path: string, cause: unknown): FedError {
  return new FedError("KEYSTORE_MALFORMED", { path }, { cause });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new FedError("KEYSTORE_MISSING", { path }, { cause });
  }
}

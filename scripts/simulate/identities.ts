// Names, folders and keys of the simulation's parties. Keys derive from the run's seed, so that the same seed gives the same
// addresses, training seeds and models. Never use such keys elsewhere.
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encryptKeystoreJson, Wallet } from "ethers";
import { sha256 } from "../../foundation/sha256.ts";
import { type HospitalAddress, parseAddress } from "../../protocol/format/digest.ts";
import type { RunDirectory } from "./run-directory.ts";

export interface Identity {
  /** admin, aggregator, hospital-1, … */
  readonly name: string;
  readonly address: HospitalAddress;
  readonly dir: string;
  readonly keystore: string;
  readonly passwordFile: string;
}

/** Weak and fast, since these keys protect nothing of value. A real keystore takes ethers' default. */
const scrypt = { N: 1 << 12, r: 8, p: 1 };
const password = "simulation";

export function simulationWallet(seed: number, name: string): Wallet {
  return new Wallet(`0x${Buffer.from(sha256(`consilium simulation ${seed} ${name}`)).toString("hex")}`);
}

/** Writes a party's keystore unless it exists. */
export async function ensureIdentity(run: RunDirectory, name: string): Promise<Identity> {
  const dir = run.at(name);
  const wallet = simulationWallet(run.settings.seed, name);
  const keystore = join(dir, "keystore.json");
  const passwordFile = join(dir, "password");
  await mkdir(dir, { recursive: true });
  if (!existsSync(keystore)) {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    const { address, privateKey } = wallet;
    await writeFile(keystore, await encryptKeystoreJson({ address, privateKey }, password, { scrypt }), {
      mode: 0o600,
    });
  }
  return { name, address: parseAddress(wallet.address), dir, keystore, passwordFile };
}

export function hospitalName(index: number): string {
  return `hospital-${index + 1}`;
}

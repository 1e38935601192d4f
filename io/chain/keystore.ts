// A party's chain key on disk: the encrypted keystore file that ethers, geth and MetaMask read (Web3 Secret Storage).
import { readFile } from "node:fs/promises";
import { Wallet } from "ethers";
import { FedError } from "../../protocol/errors.ts";

/** @throws FedError KEYSTORE_MISSING, KEYSTORE_MALFORMED, KEYSTORE_PASSWORD */
export async function openKeystore(path: string, password: string): Promise<Wallet> {
  let json: string;
  try {
    json = await readFile(path, "utf8");
  } catch (cause) {
    const remedy = "check the path, or create one with consilium keys create";
    throw new FedError("KEYSTORE_MISSING", { path }, { cause, remedy });
  }
  try {
    const account = await Wallet.fromEncryptedJson(json, password);
    return new Wallet(account.privateKey);
  } catch (cause) {
    const wrongPassword = cause instanceof Error && cause.message.includes("password");
    throw wrongPassword
      ? new FedError("KEYSTORE_PASSWORD", { path }, { cause, remedy: "check the password or the password file" })
      : new FedError("KEYSTORE_MALFORMED", { path }, { cause });
  }
}

// The options that commands about a federation's contract share: the federation file, RPC endpoints, a key. What reads the
// chain and the key is loaded when a command acts: --help needs neither.
import { type Command, Option } from "commander";
import type { Wallet } from "ethers";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { defaultMaxFeeGwei } from "../../io/chain/fees.ts";
import type { LedgerOptions, OpenLedger } from "../../io/chain/ledger.ts";
import { type HospitalAddress, parseAddress } from "../../protocol/format/digest.ts";
import { readPassword } from "../terminal/read-password.ts";
import { withConfig } from "./config-option.ts";

export interface ReadOptions {
  readonly config?: string;
  readonly federation: string;
  readonly rpc: readonly string[];
  readonly confirmations: string;
  readonly json?: boolean;
}

export interface WriteOptions extends ReadOptions {
  readonly maxFeeGwei: string;
  readonly keystore: string;
  readonly passwordFile?: string;
}

/** Adds the options of a command that only reads. */
export function withReadOptions(command: Command): Command {
  return withConfig(command)
    .option("--federation <file>", "the federation file", "federation.json")
    .addOption(
      new Option(
        "--rpc <url...>",
        "RPC endpoints of its chain, the preferred one first; a second one is compared with it",
      )
        .env("CONSILIUM_RPC")
        .default(["http://127.0.0.1:8545"]),
    )
    .option("--confirmations <n>", "blocks on top before anything counts; 12 and more on a public chain", "0")
    .option("--json", "print the outcome as JSON");
}

/** Adds the options of a command that writes. */
export function withWriteOptions(command: Command): Command {
  return withReadOptions(withMaxFee(withKeystore(command)));
}

/** Adds the option that limits what endpoints can make a transaction cost. */
export function withMaxFee(command: Command): Command {
  return command.option("--max-fee-gwei <n>", "most that is offered for a unit of gas", String(defaultMaxFeeGwei));
}

/** @throws OPTION_INVALID */
export function maxFeeFrom(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1_000_000) return value;
  throw new FedError("OPTION_INVALID", { option: "--max-fee-gwei", value: text }, { remedy: "give a number of gwei" });
}

/** Adds the options that name the key that writes. */
function withKeystore(command: Command): Command {
  return command
    .option("--keystore <file>", "encrypted keystore of the account that writes", "keys/keystore.json")
    .option(
      "--password-file <file>",
      "file with the keystore's password in its first line (else the environment, else a prompt)",
    );
}

/** Runs work on the federation's ledger, and closes it. */
export async function onLedger<T>(
  options: ReadOptions,
  work: (ledger: OpenLedger) => Promise<T>,
  writing: Pick<LedgerOptions, "wallet" | "maxFeeGwei"> = {},
): Promise<T> {
  const { readFederationFile } = await import("../../io/chain/federation-file.ts");
  const { openLedger } = await import("../../io/chain/ledger.ts");
  const { chainId, contract, fromBlock, codeDigest } = await readFederationFile(options.federation);
  const ledger = await openLedger({
    federation: { chainId, contract },
    fromBlock,
    codeDigest,
    endpoints: rpcUrls(options.rpc),
    confirmations: parseCount(options.confirmations, "--confirmations"),
    // Someone is waiting: ask every endpoint once or twice, not for a minute.
    retryForMs: 5000,
    ...writing,
  });
  try {
    const result = await work(ledger);
    const { unread } = ledger.agreement;
    if (unread)
      console.error(`${unread.shownBy} alone shows the blocks ${unread.from} to ${unread.to}: they are not read`);
    return result;
  } finally {
    ledger.close();
  }
}

/** Runs work on the federation's ledger with a key; a wrong password is reported before the chain is asked. */
export async function onWritableLedger<T>(
  options: WriteOptions,
  work: (ledger: OpenLedger, self: HospitalAddress) => Promise<T>,
): Promise<T> {
  const wallet = await askForWallet(options.keystore, options.passwordFile);
  const maxFeeGwei = maxFeeFrom(options.maxFeeGwei);
  return onLedger(options, (ledger) => work(ledger, parseAddress(wallet.address)), { wallet, maxFeeGwei });
}

/** @throws KEYSTORE_MISSING, KEYSTORE_MALFORMED, KEYSTORE_PASSWORD, PASSWORD_MISSING */
export async function askForWallet(keystore: string, passwordFile: string | undefined): Promise<Wallet> {
  const { openKeystore, readKeystore } = await import("../../io/chain/keystore.ts");
  await readKeystore(keystore); // checked before a password is typed
  return openKeystore(keystore, await readPassword({ file: passwordFile, prompt: `Password of ${keystore}` }));
}

/** @throws OPTION_INVALID */
export function rpcUrls(urls: readonly string[] | string): string[] {
  const list = (typeof urls === "string" ? urls.split(/[\s,]+/) : [...urls]).filter(Boolean);
  for (const url of list) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      // The address may hold a credential, so it is not among the facts.
      throw new FedError("OPTION_INVALID", { option: "--rpc" }, { remedy: "give http:// or https:// addresses" });
    }
  }
  return list;
}

/** @throws OPTION_INVALID */
export function parseCount(text: string, option: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new FedError("OPTION_INVALID", { option, value: text }, { remedy: "give a whole number" });
}

/** @throws OPTION_INVALID */
export function parseAddressOption(text: string, option: string): HospitalAddress {
  try {
    return parseAddress(text);
  } catch (cause) {
    if (!isFedError(cause)) throw cause;
    const remedy = "give 0x and 40 hex digits: consilium keys address prints a party's own";
    throw new FedError("OPTION_INVALID", { option, value: text.slice(0, 50) }, { cause, remedy });
  }
}

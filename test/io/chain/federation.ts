// A small federation on a test chain, with one open ledger a party.
import type { Wallet } from "ethers";
import { sha256 } from "../../../foundation/sha256.ts";
import { deployFederation, type Founding } from "../../../io/chain/deploy-federation.ts";
import { type LedgerOptions, type OpenLedger, openLedger } from "../../../io/chain/ledger.ts";
import type { RoundTerms } from "../../../protocol/contract/round.ts";
import { type Digest, parseAddress, parseDigest } from "../../../protocol/format/digest.ts";
import { fundedWallet, type TestChain } from "./chain.ts";

export const terms: RoundTerms = {
  commitPeriod: 600,
  proposePeriod: 300,
  attestPeriod: 200,
  minUpdates: 2,
  maxExpired: 2,
  sampleCap: 1000,
  earlyShare: 0,
  gracePeriod: 0,
};

export function digestOf(text: string): Digest {
  return parseDigest(`0x${Buffer.from(sha256(text)).toString("hex")}`);
}

export interface TestFederation {
  readonly options: Omit<LedgerOptions, "wallet">;
  readonly wallets: readonly Wallet[];
  readonly hospitals: readonly OpenLedger[];
  readonly aggregator: OpenLedger;
  readonly owner: OpenLedger;
  open(wallet?: Wallet, changes?: Partial<LedgerOptions>): Promise<OpenLedger>;
  close(): void;
}

/** Account 0 owns, account 1 is the aggregator, the next ones are hospitals. */
export async function foundFederation(
  chain: TestChain,
  {
    hospitals: count = 3,
    confirmations = 0,
    plan = digestOf("plan"),
    genesis = digestOf("base"),
    privateSums,
  }: {
    readonly hospitals?: number;
    readonly confirmations?: number;
    readonly plan?: Digest;
    readonly genesis?: Digest;
    readonly privateSums?: Founding["privateSums"];
  } = {},
): Promise<TestFederation> {
  const deployer = fundedWallet(0);
  const wallets = Array.from({ length: count }, (_, i) => fundedWallet(i + 2));
  const founded = await deployFederation({
    endpoints: [chain.url],
    chainId: chain.chainId,
    deployer,
    terms,
    members: [
      ...wallets.map(({ address }) => ({ address: parseAddress(address), role: "hospital" as const })),
      { address: parseAddress(fundedWallet(1).address), role: "aggregator" },
    ],
    plan,
    genesis,
    privateSums,
    pollMs: 20,
  });
  const options = { ...founded, endpoints: [chain.url], confirmations, pollMs: 20, timeoutMs: 3000 };
  const opened: OpenLedger[] = [];
  const open = async (wallet?: Wallet, changes: Partial<LedgerOptions> = {}) => {
    const ledger = await openLedger({ ...options, wallet, ...changes });
    opened.push(ledger);
    return ledger;
  };
  return {
    options,
    wallets,
    hospitals: await Promise.all(wallets.map((wallet) => open(wallet))),
    aggregator: await open(fundedWallet(1)),
    owner: await open(deployer),
    open,
    close: () => {
      for (const ledger of opened) ledger.close();
    },
  };
}

export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

// Founds a federation with Ignition. Steps that were done before an interruption are in Ignition's journal and on chain, and
// are not repeated.
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keccak256 } from "ethers/crypto";
import { FedError } from "../../foundation/errors.ts";
import type { FoundingSteps } from "../../ignition/modules/federation.ts";
import { isTrainingRoundsCode } from "../../io/chain/contract-code.ts";
import { creationData } from "../../io/chain/deploy-federation.ts";
import { describeFederation, type FederationFile } from "../../io/chain/federation-file.ts";
import { decodeRevert } from "../../io/chain/reverts.ts";
import { parseAddress } from "../../protocol/format/digest.ts";
import { mendJournal } from "./mend-journal.ts";
import { runSteps } from "./run-steps.ts";
import { type FederationSteps, withGenesis } from "./successor.ts";
import { type Connection, connectTarget, type Target } from "./target.ts";

const deploymentId = "federation";
/** Chain id of Hardhat and anvil, where only the owner can reorganise blocks. */
const testChain = 31337;

export interface Founding extends Target {
  readonly steps: FederationSteps;
  /** Blocks on top of each step before the next; depends on the chain if not given. */
  readonly confirmations: number | undefined;
  /** Shows each transaction on stderr. */
  readonly display: boolean;
}

/**
 * @throws CHAIN_FUNDS, CHAIN_FEES, DEPLOY_FAILED, LEDGER_CODE_MISMATCH, LEDGER_CODE_MISSING, and the codes of connectTarget
 * and withGenesis
 */
export async function foundOnChain(founding: Founding): Promise<FederationFile> {
  const { connection, chainId } = await connectTarget(founding);
  try {
    const deployer = await payingAccount(connection);
    const steps = await withGenesis(connection, founding.steps);
    await requireAcceptable(connection, { ...steps, deployer });
    const journal = journalPath(founding.journalFolder);
    if (existsSync(journal)) {
      const since = (await stat(journal)).mtimeMs / 1000;
      await mendJournal(journal, { provider: connection.provider, sender: deployer, since });
    }
    const address = await runSteps(
      connection.provider,
      { ...steps, deployer },
      {
        folder: dirname(journal),
        confirmations: founding.confirmations ?? (chainId === testChain ? 1 : 5),
        maxFeeGwei: founding.maxFeeGwei,
        display: founding.display,
      },
    );
    const codeDigest = await requireCode(connection, address);
    return describeFederation({
      federation: { chainId, contract: parseAddress(address) },
      fromBlock: await creationBlock(journal, address),
      codeDigest,
      predecessor: founding.steps.predecessor,
    });
  } finally {
    await connection.close();
  }
}

/** Checks that a federation file is about this chain. @throws LEDGER_CHAIN_MISMATCH, LEDGER_CODE_MISMATCH, LEDGER_CODE_MISSING */
export async function requireFounded(file: FederationFile, target: Target): Promise<void> {
  const { connection } = await connectTarget({ ...target, key: "none", chainId: target.chainId ?? file.chainId });
  try {
    await requireCode(connection, file.contract, file.codeDigest);
  } finally {
    await connection.close();
  }
}

/** @returns the code's digest */
async function requireCode({ provider }: Connection, contract: string, expected?: string): Promise<string> {
  const code = (await provider.request({ method: "eth_getCode", params: [contract, "latest"] })) as string;
  if (code === "0x") {
    const remedy = "found a new federation with another --out: this chain does not have the contract";
    throw new FedError("LEDGER_CODE_MISSING", { contract }, { remedy });
  }
  const found = keccak256(code);
  if (!isTrainingRoundsCode(code) || (expected !== undefined && expected !== found)) {
    const remedy = "found a new federation with another --out: the code at this address is not this version's contract";
    throw new FedError("LEDGER_CODE_MISMATCH", { contract, expected, found }, { remedy });
  }
  return found;
}

async function payingAccount({ provider }: Connection): Promise<string> {
  const [account] = (await provider.request({ method: "eth_accounts" })) as string[];
  if (!account) throw new FedError("KEY_MISSING", {}, { remedy: "give --keystore" });
  const balance = BigInt((await provider.request({ method: "eth_getBalance", params: [account, "latest"] })) as string);
  if (balance > 0n) return account;
  throw new FedError(
    "CHAIN_FUNDS",
    { account: account.toLowerCase() },
    { remedy: "send this account some of the chain's coin for gas" },
  );
}

/** Checks the terms before anything is sent or noted, because a founding that has begun cannot change them. */
async function requireAcceptable({ provider }: Connection, { deployer, ...steps }: FoundingSteps): Promise<void> {
  const { terms, predecessor, plan, genesis, privateSums } = steps;
  const data = creationData({ owner: deployer, terms, predecessor, plan, genesis, privateSums });
  try {
    await provider.request({ method: "eth_estimateGas", params: [{ from: deployer, data }] });
  } catch (error) {
    const { data: revert, message: why } = error as Error & { data?: unknown };
    const refusal = typeof revert === "string" ? decodeRevert(revert) : undefined;
    const remedy = "read the answer of the chain's client: nothing was sent";
    throw refusal ?? new FedError("DEPLOY_FAILED", { why: why.slice(0, 300) }, { cause: error, remedy });
  }
}

/** The place of Ignition's journal. */
function journalPath(journalFolder: string): string {
  return join(journalFolder, "deployments", deploymentId, "journal.jsonl");
}

/** Ignition returns the address only; its journal has the receipt. */
async function creationBlock(journal: string, address: string): Promise<number> {
  for (const line of (await readFile(journal, "utf8")).split("\n").filter(Boolean)) {
    const { type, receipt } = JSON.parse(line) as {
      type: string;
      receipt?: { contractAddress?: string; blockNumber: number };
    };
    if (type === "TRANSACTION_CONFIRM" && receipt?.contractAddress?.toLowerCase() === address.toLowerCase()) {
      return receipt.blockNumber;
    }
  }
  throw new FedError("DEPLOY_FAILED", { why: "Ignition's journal has no receipt of the contract" });
}

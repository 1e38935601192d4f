// The target of an audit: a contract on a chain, and the places of its objects.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AuditTarget } from "../../auditor/target.ts";
import { FedError } from "../../foundation/errors.ts";
import { readFederationFile } from "../../io/chain/federation-file.ts";
import { parseAddressOption, parseCount, type ReadOptions, rpcUrls } from "../ledger/options.ts";
import { storesOfRun } from "./run-stores.ts";

export interface TargetOptions extends ReadOptions {
  readonly contract?: string;
  readonly chainId?: string;
  readonly fromBlock: string;
  readonly peer?: readonly string[];
  readonly store?: readonly string[];
  readonly runDir?: string;
}

export interface Target extends AuditTarget {
  /** Of a simulation's chain, which is started again if there are no endpoints. */
  readonly journal: string | undefined;
}

/** @param rpcGiven whether the operator named an endpoint. @throws OPTION_*, RUN_UNKNOWN, FEDERATION_FILE_* */
export async function readTarget(options: TargetOptions, rpcGiven: boolean): Promise<Target> {
  const { runDir, contract, chainId, peer = [], store = [] } = options;
  const confirmations = parseCount(options.confirmations, "--confirmations");
  const endpoints = rpcUrls(options.rpc);
  const shared = {
    confirmations,
    endpoints,
    journal: undefined,
    peers: peer,
    stores: store.map((dir) => resolve(dir)),
  };
  if (runDir !== undefined) {
    const file = join(resolve(runDir), "federation.json");
    if (!existsSync(file)) {
      const remedy = "give the folder of a run of consilium simulate that has come as far as its federation";
      throw new FedError("RUN_UNKNOWN", { path: runDir }, { remedy });
    }
    const stores = [...shared.stores, ...(await storesOfRun(resolve(runDir)))];
    const journal = join(resolve(runDir), "chain.ndjson");
    return { ...shared, ...(await fromFile(file)), stores, journal, endpoints: rpcGiven ? endpoints : [] };
  }
  if (peer.length === 0 && store.length === 0) {
    const remedy = "say where the objects are: --peer, --store or --run-dir";
    throw new FedError("OPTION_MISSING", { option: "--peer" }, { remedy });
  }
  if (contract === undefined && chainId === undefined) {
    return { ...shared, ...(await fromFile(options.federation)) };
  }
  if (contract === undefined || chainId === undefined) {
    const option = contract === undefined ? "--contract" : "--chain-id";
    throw new FedError("OPTION_MISSING", { option }, { remedy: "--contract and --chain-id go together" });
  }
  const federation = {
    chainId: parseCount(chainId, "--chain-id"),
    contract: parseAddressOption(contract, "--contract"),
  };
  return { ...shared, federation, fromBlock: parseCount(options.fromBlock, "--from-block"), codeDigest: undefined };
}

async function fromFile(path: string): Promise<Pick<Target, "federation" | "fromBlock" | "codeDigest">> {
  const { chainId, contract, fromBlock, codeDigest } = await readFederationFile(path);
  return { federation: { chainId, contract }, fromBlock, codeDigest };
}

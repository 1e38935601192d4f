// Hardhat's connection to the chain on which a federation is founded: a network of hardhat.config.ts or an RPC address.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Wallet } from "ethers";
import { configVariable } from "hardhat/config";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { HardhatUserConfig, HttpNetworkAccountsUserConfig, HttpNetworkUserConfig } from "hardhat/types/config";
import { FedError } from "../../foundation/errors.ts";
import userConfig from "../../hardhat.config.ts";

const root = dirname(fileURLToPath(new URL("../../package.json", import.meta.url)));
/** In Hardhat's keystore: npx hardhat keystore set CONSILIUM_DEPLOYER_KEY */
export const deployerVariable = "CONSILIUM_DEPLOYER_KEY";
const name = "target";

export interface Target {
  readonly network: string | undefined;
  readonly rpc: string | undefined;
  /** The chain id that the endpoint must have. */
  readonly chainId: number | undefined;
  /** The key that pays: a wallet, the key in Hardhat's keystore, or none for reading only. */
  readonly key: Wallet | "hardhat-keystore" | "none";
  /** Folder of Ignition's journal. */
  readonly journalFolder: string;
  /** Most that is offered for a unit of gas, gwei. */
  readonly maxFeeGwei: number;
}

/**
 * Connects, and checks the chain id.
 * @throws NETWORK_UNKNOWN, KEY_IN_PLAIN, CHAIN_UNNAMED, RPC_UNREACHABLE, LEDGER_CHAIN_MISMATCH
 */
export async function connectTarget(target: Target) {
  const { network, key, journalFolder } = target;
  if (key === "hardhat-keystore" && process.env[deployerVariable] !== undefined) {
    const remedy = `unset it and use npx hardhat keystore set ${deployerVariable}, or give --keystore`;
    throw new FedError("KEY_IN_PLAIN", { variable: deployerVariable }, { remedy });
  }
  const { chainId = target.chainId, ...known } = network === undefined ? fromRpc(target.rpc) : fromConfig(network);
  if (chainId === undefined || (target.chainId !== undefined && target.chainId !== chainId)) {
    const remedy = "give --chain-id: 31337 for Hardhat and anvil, 11155111 for Sepolia";
    throw new FedError("CHAIN_UNNAMED", { network, chainId, asked: target.chainId }, { remedy });
  }
  const maxFeePerGasLimit = BigInt(Math.round(target.maxFeeGwei * 1e9));
  const config: HardhatUserConfig = {
    ...userConfig,
    networks: { [name]: { ...known, accounts: accountsOf(key), ignition: { maxFeePerGasLimit } } },
    paths: { ...userConfig.paths, ignition: journalFolder },
  };
  const hardhat = await createHardhatRuntimeEnvironment(config, {}, root);
  const connection = await hardhat.network.create(name);
  const found = await askChainId(connection);
  if (found !== chainId) {
    await connection.close();
    const remedy = "this endpoint serves another chain: check --network, --rpc and --chain-id";
    throw new FedError("LEDGER_CHAIN_MISMATCH", { expected: chainId, found }, { remedy });
  }
  return { connection, chainId };
}

export type Connection = Awaited<ReturnType<typeof connectTarget>>["connection"];

/** Translates Hardhat's errors, which name the network "target". */
async function askChainId({ provider }: { provider: { request(call: { method: string }): Promise<unknown> } }) {
  try {
    return Number(await provider.request({ method: "eth_chainId" }));
  } catch (cause) {
    const remedy = "check that the chain's RPC endpoint runs, and that its address is right";
    throw new FedError("RPC_UNREACHABLE", { method: "eth_chainId" }, { cause, remedy });
  }
}

function accountsOf(key: Target["key"]): HttpNetworkAccountsUserConfig {
  if (key === "none") return "remote";
  return key === "hardhat-keystore" ? [configVariable(deployerVariable)] : [key.privateKey];
}

function fromRpc(url: string | undefined): HttpNetworkUserConfig {
  return { type: "http", chainType: "l1", url: url ?? "http://127.0.0.1:8545" };
}

function fromConfig(network: string): HttpNetworkUserConfig {
  const networks = userConfig.networks ?? {};
  const found = networks[network];
  if (found?.type === "http") return found;
  const known = Object.keys(networks).join(", ");
  throw new FedError("NETWORK_UNKNOWN", { network, known }, { remedy: "add it to hardhat.config.ts, or give --rpc" });
}

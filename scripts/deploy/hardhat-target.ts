// Hardhat's connection to a chain: for networks of hardhat.config.ts and for keys in Hardhat's keystore. Loaded only for
// these, since Hardhat is a part of a checkout and not of an installed package.
import type { Wallet } from "ethers";
import { configVariable } from "hardhat/config";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { HardhatUserConfig, HttpNetworkAccountsUserConfig, HttpNetworkUserConfig } from "hardhat/types/config";
import { FedError } from "../../foundation/errors.ts";
import userConfig from "../../hardhat.config.ts";
import type { Provider } from "./rpc-provider.ts";

/** In Hardhat's keystore: npx hardhat keystore set CONSILIUM_DEPLOYER_KEY */
const deployerVariable = "CONSILIUM_DEPLOYER_KEY";
const name = "target";

export interface HardhatTarget {
  /** The chain id of the configuration; undefined where it names none. */
  readonly chainId: number | undefined;
  connect(): Promise<{ readonly provider: Provider; close(): Promise<void> }>;
}

/** @throws NETWORK_UNKNOWN, KEY_IN_PLAIN */
export function hardhatTarget(
  network: string | undefined,
  rpc: string | undefined,
  key: Wallet | "hardhat-keystore" | "none",
): HardhatTarget {
  if (key === "hardhat-keystore" && process.env[deployerVariable] !== undefined) {
    const remedy = `unset it and use npx hardhat keystore set ${deployerVariable}, or give --keystore`;
    throw new FedError("KEY_IN_PLAIN", { variable: deployerVariable }, { remedy });
  }
  const { chainId, ...known } = network === undefined ? fromRpc(rpc) : fromConfig(network);
  const config: HardhatUserConfig = {
    ...userConfig,
    networks: { [name]: { ...known, accounts: accountsOf(key) } },
  };
  return {
    chainId,
    async connect() {
      const hardhat = await createHardhatRuntimeEnvironment(config, {}, import.meta.dirname);
      const connection = await hardhat.network.create(name);
      return { provider: connection.provider as Provider, close: () => connection.close() };
    },
  };
}

function accountsOf(key: Wallet | "hardhat-keystore" | "none"): HttpNetworkAccountsUserConfig {
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

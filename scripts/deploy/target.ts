// The connection to the chain on which a federation is founded: an RPC address with a key from an encrypted keystore, or,
// in a checkout, a network of hardhat.config.ts or a key in Hardhat's keystore.
import type { Wallet } from "ethers";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { type Provider, rpcProvider } from "./rpc-provider.ts";

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

export interface Connection {
  readonly provider: Provider;
  close(): Promise<void>;
}

/**
 * Connects, and checks the chain id.
 * @throws PACKAGE_MISSING, NETWORK_UNKNOWN, KEY_IN_PLAIN, CHAIN_UNNAMED, RPC_UNREACHABLE, LEDGER_CHAIN_MISMATCH
 */
export async function connectTarget(target: Target): Promise<{ connection: Connection; chainId: number }> {
  const { network, rpc, key } = target;
  const { chainId = target.chainId, connect } =
    rpc === undefined || key === "hardhat-keystore"
      ? (await loadHardhat()).hardhatTarget(network, rpc, key)
      : { connect: async () => ({ provider: rpcProvider(rpc, key === "none" ? undefined : key), async close() {} }) };
  if (chainId === undefined || (target.chainId !== undefined && target.chainId !== chainId)) {
    const remedy = "give --chain-id: 31337 for Hardhat and anvil, 11155111 for Sepolia";
    throw new FedError("CHAIN_UNNAMED", { network, chainId, asked: target.chainId }, { remedy });
  }
  const connection = await connect();
  const found = await askChainId(connection);
  if (found !== chainId) {
    await connection.close();
    const remedy = "this endpoint serves another chain: check --network, --rpc and --chain-id";
    throw new FedError("LEDGER_CHAIN_MISMATCH", { expected: chainId, found }, { remedy });
  }
  return { connection, chainId };
}

async function loadHardhat(): Promise<typeof import("./hardhat-target.ts")> {
  try {
    return await import("./hardhat-target.ts");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const remedy =
      "give --rpc, --chain-id and --keystore: networks by name and Hardhat's keystore work in a checkout of the repository";
    throw new FedError("PACKAGE_MISSING", { name: "hardhat" }, { cause, remedy });
  }
}

/** Translates Hardhat's errors, which name the network "target". */
async function askChainId({ provider }: Connection): Promise<number> {
  try {
    return Number(await provider.request({ method: "eth_chainId" }));
  } catch (cause) {
    if (isFedError(cause) && cause.code !== "RPC_UNREACHABLE") throw cause;
    const remedy = "check that the chain's RPC endpoint runs, and that its address is right";
    throw new FedError("RPC_UNREACHABLE", { method: "eth_chainId" }, { cause, remedy });
  }
}

// A chain's RPC endpoint as Ignition takes it, with transactions signed by a wallet of this process. A founding by --rpc
// needs no Hardhat.
import type { Wallet } from "ethers";
import { callRpc } from "../../io/chain/json-rpc.ts";

/** EIP-1193. */
export interface Provider {
  request(call: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>;
}

const timeoutMs = 30_000;

/** @param wallet that signs; undefined for reading only */
export function rpcProvider(url: string, wallet: Wallet | undefined): Provider {
  const call = (method: string, params: readonly unknown[] = []) => callRpc(url, method, params, { timeoutMs });
  return {
    async request({ method, params }) {
      if (method === "eth_accounts") return wallet ? [wallet.address] : [];
      if (method !== "eth_sendTransaction" || !wallet) return call(method, params);
      const [{ gas, ...fields }] = params as [Readonly<Record<string, string>>];
      const chainId = BigInt((await call("eth_chainId")) as string);
      const type = fields["maxFeePerGas"] === undefined ? 0 : 2;
      const signed = await wallet.signTransaction({
        ...fields,
        nonce: Number(fields["nonce"]),
        gasLimit: gas,
        chainId,
        type,
      });
      return call("eth_sendRawTransaction", [signed]);
    },
  };
}

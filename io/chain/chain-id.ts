// The id of the chain that an endpoint serves, for callers who do not know it beforehand.
import type { Waiting } from "../../foundation/waiting.ts";
import { callRpc } from "./json-rpc.ts";
import { parseQuantity } from "./rpc-values.ts";

const timeoutMs = 10_000;

/** @throws RPC_UNREACHABLE, RPC_TIMEOUT, RPC_RATE_LIMITED, RPC_MALFORMED, RPC_REFUSED; the signal's reason */
export async function askChainId(url: string, { signal }: Waiting = {}): Promise<number> {
  return parseQuantity(await callRpc(url, "eth_chainId", [], { timeoutMs, signal }));
}

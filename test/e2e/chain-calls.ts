// What tests ask the chain of a federation of real processes.
import { trainingRoundsInterface } from "../../io/chain/training-rounds.ts";

/** The coins of an account, and how many transactions it has sent. @param rpc address of the endpoint */
export async function accountOf(
  rpc: string,
  address: string,
): Promise<{ readonly wei: bigint; readonly transactions: number }> {
  const [wei, transactions] = await Promise.all(
    ["eth_getBalance", "eth_getTransactionCount"].map((method) => call<string>(rpc, method, [address, "latest"])),
  );
  return { wei: BigInt(wei!), transactions: Number(transactions) };
}

/** A batch of signed writes: the call, who sent it, and how many entries it has. */
export async function batchOf(
  rpc: string,
  transaction: string,
): Promise<{ readonly name: string; readonly from: string; readonly entries: number }> {
  const { from, input } = await call<{ from: string; input: string }>(rpc, "eth_getTransactionByHash", [transaction]);
  const parsed = trainingRoundsInterface.parseTransaction({ data: input })!;
  return { name: parsed.name, from, entries: (parsed.args["signed"] as readonly unknown[]).length };
}

async function call<Result>(rpc: string, method: string, params: readonly unknown[]): Promise<Result> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await fetch(rpc, { method: "POST", headers: { "content-type": "application/json" }, body });
  return ((await answer.json()) as { result: Result }).result;
}

// The simulation's chain: a Hardhat node in a process of its own. Hardhat keeps no state on disk, so every block is
// written to a journal as it is mined, and a later start replays the journal: same transactions, same block times,
// same contract state. It ends when its parent does.
//   node chain-process.ts PORT JOURNAL      (sends { port } to its parent when it serves)
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Transaction, type TransactionLike } from "ethers";
import { requireFetched } from "../../foundation/fetched-packages.ts";

/** The first line is the genesis: its time, and no transactions. */
interface JournalLine {
  /** Block time, seconds. */
  readonly time: number;
  /** Signed transactions of the block, in order. */
  readonly transactions: readonly string[];
}

interface RpcBlock {
  readonly timestamp: string;
  readonly transactions: readonly RpcTransaction[];
}

type RpcTransaction = Record<
  | "to"
  | "nonce"
  | "gas"
  | "input"
  | "value"
  | "chainId"
  | "type"
  | "maxFeePerGas"
  | "maxPriorityFeePerGas"
  | "r"
  | "s"
  | "v",
  string
>;

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {}); // the parent decides when the chain ends

const [port, journal] = process.argv.slice(2) as [string, string];
const [first, ...past] = readJournal();
const genesis = first?.time ?? Math.floor(Date.now() / 1000);
if (!first) appendFileSync(journal, `${JSON.stringify({ time: genesis, transactions: [] })}\n`);
// Mines a block for each transaction, and one each second so that chain time, which deadlines use, advances.
const override = { initialDate: new Date(genesis * 1000), mining: { auto: true, interval: 1000 } };
const hardhat = pathToFileURL(requireFetched("hardhat").resolve("hardhat/hre")).href;
const { createHardhatRuntimeEnvironment } = (await import(hardhat)) as typeof import("hardhat/hre");
const { network } = await createHardhatRuntimeEnvironment({}, {}, import.meta.dirname);
const server = await network.createServer({ network: "node", override }, "127.0.0.1", Number(port));
const { port: servedPort } = await server.listen();
const url = `http://127.0.0.1:${servedPort}`;

let recorded = await replay();
process.send?.({ port: servedPort });
for (;;) {
  const head = Number(await rpc("eth_blockNumber"));
  while (recorded < head) record((await rpc("eth_getBlockByNumber", [hex(++recorded), true])) as RpcBlock);
  await sleep(50);
}

/** The journal's whole lines: an incomplete last one, cut off by a kill, is dropped. */
function readJournal(): JournalLine[] {
  if (!existsSync(journal)) return [];
  const text = readFileSync(journal, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) writeFileSync(journal, whole);
  return whole
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalLine);
}

/** Mines the journal's blocks again. @returns the number of the last one */
async function replay(): Promise<number> {
  await rpc("evm_setAutomine", [false]);
  await rpc("evm_setIntervalMining", [0]);
  for (const { time, transactions } of past) {
    for (const raw of transactions) await rpc("eth_sendRawTransaction", [raw]);
    await rpc("evm_setNextBlockTimestamp", [hex(time)]);
    await rpc("evm_mine");
  }
  await rpc("evm_setAutomine", [true]);
  await rpc("evm_setIntervalMining", [1000]);
  return past.length;
}

function record(block: RpcBlock): void {
  const transactions = block.transactions.map((raw) => {
    const { to, nonce, gas, input, value, chainId, type, maxFeePerGas, maxPriorityFeePerGas, r, s, v } = raw;
    const fields: TransactionLike = {
      to,
      nonce: Number(nonce),
      gasLimit: gas,
      data: input,
      value,
      chainId,
      type: Number(type),
      maxFeePerGas,
      maxPriorityFeePerGas,
    };
    return Transaction.from({ ...fields, signature: { r: pad(r), s: pad(s), yParity: Number(v) as 0 | 1 } }).serialized;
  });
  const line: JournalLine = { time: Number(block.timestamp), transactions };
  appendFileSync(journal, `${JSON.stringify(line)}\n`);
}

async function rpc(method: string, params: unknown[] = []): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function pad(quantity: string): string {
  return `0x${quantity.slice(2).padStart(64, "0")}`;
}

// Reads the contract's logs block range by block range: ranges shrink where an endpoint refuses their size, and grow back.
import { FedError } from "../../foundation/errors.ts";
import type { EventPlace } from "../../protocol/contract/round.ts";
import { type Rpc, RpcRefusal } from "./json-rpc.ts";
import { type Header, parseHeader, parseLogs, type RpcLog, toQuantity } from "./rpc-values.ts";
import { type ContractEvent, parseEvent } from "./training-rounds.ts";

/** Public endpoints take 10,000 blocks or fewer; a year of 12 s blocks is 263 such ranges. */
const widestRange = 10_000;

export interface PlacedEvent {
  readonly event: ContractEvent;
  readonly place: EventPlace;
}

/** The events of a range of blocks that ends at `end`, all seen on one chain. */
export interface EventRange {
  readonly events: readonly PlacedEvent[];
  readonly logs: readonly RpcLog[];
  readonly from: number;
  readonly end: Header;
}

export class LogReader {
  readonly #contract: string;
  #width = widestRange;

  constructor(contract: string) {
    this.#contract = contract.toLowerCase();
  }

  /**
   * The next range from `from` on, at most up to `to`.
   * @throws FedError RPC_BEHIND when the endpoint does not have the block yet, CHAIN_MOVED when the chain was
   * reorganised while it was read, EVENT_MALFORMED
   */
  async readRange(rpc: Rpc, from: number, to: number): Promise<EventRange> {
    for (;;) {
      const last = Math.min(to, from + this.#width - 1);
      const end = await headerOf(rpc, last);
      try {
        const logs = await this.logsBetween(rpc, from, last);
        if ((await headerOf(rpc, last)).hash !== end.hash) throw new FedError("CHAIN_MOVED", { block: last });
        this.#width = Math.min(widestRange, this.#width * 2);
        return { events: await this.#place(rpc, logs, end), logs, from, end };
      } catch (error) {
        // Every client words "too many results" or "range too wide" in its own way: any refusal halves the range.
        if (!(error instanceof RpcRefusal) || last === from) throw error;
        this.#width = Math.max(1, Math.floor((last - from + 1) / 2));
      }
    }
  }

  /** The contract's logs of a range, in chain order, each once. */
  async logsBetween(rpc: Rpc, from: number, to: number): Promise<RpcLog[]> {
    const filter = { address: this.#contract, fromBlock: toQuantity(from), toBlock: toQuantity(to) };
    const logs = parseLogs(await rpc("eth_getLogs", [filter])).filter(
      ({ address, removed, blockNumber }) =>
        address.toLowerCase() === this.#contract && !removed && blockNumber >= from && blockNumber <= to,
    );
    logs.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
    return logs.filter(
      ({ blockNumber, logIndex }, i) => blockNumber !== logs[i - 1]?.blockNumber || logIndex !== logs[i - 1]?.logIndex,
    );
  }

  async #place(rpc: Rpc, logs: readonly RpcLog[], end: Header): Promise<PlacedEvent[]> {
    const times = new Map([[end.number, end.timestamp]]);
    const placed: PlacedEvent[] = [];
    for (const log of logs) {
      const event = parseEvent(log);
      if (!event) throw new FedError("EVENT_MALFORMED", { block: log.blockNumber, logIndex: log.logIndex });
      const { blockNumber: block, blockHash, logIndex, transactionHash: transaction } = log;
      let time = log.blockTimestamp ?? times.get(block);
      if (time === undefined) {
        time = (await headerOf(rpc, block)).timestamp;
        times.set(block, time);
      }
      placed.push({ event, place: { block, blockHash, logIndex, transaction, time } });
    }
    return placed;
  }
}

/** @throws FedError RPC_BEHIND */
export async function headerOf(rpc: Rpc, block: number | "latest"): Promise<Header> {
  const tag = block === "latest" ? block : toQuantity(block);
  const header = parseHeader(await rpc("eth_getBlockByNumber", [tag, false]));
  if (!header) throw new FedError("RPC_BEHIND", { block: tag });
  return header;
}

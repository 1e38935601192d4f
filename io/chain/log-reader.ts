// Reads the contract's logs block range by block range: ranges shrink where an endpoint refuses them, and grow back.
import { setImmediate as turn } from "node:timers/promises";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { EventPlace } from "../../protocol/contract/events.ts";
import { type Rpc, RpcRefusal } from "./json-rpc.ts";
import { type Header, parseHeader, parseLogs, type RpcLog, toQuantity } from "./rpc-values.ts";
import { type ContractEvent, eventTopics, parseEvent } from "./training-rounds.ts";

/** Public endpoints take 10,000 blocks or fewer; a year of 12 s blocks is 263 such ranges. */
const widestRange = 10_000;
/** After a refusal, so many ranges of one width are read before a wider one is tried again. */
const rangesBeforeWidening = 4;
/** Headers that are asked for at the same time. */
const parallelHeaders = 8;
/** Headers that are kept, of blocks with events: some 200 bytes each. A whole history is read again for each caller. */
const keptHeaders = 8192;
/** Between two turns of the event loop: decoding an event takes about 0.1 ms. */
const eventsPerTurn = 100;

/**
 * Events that no round depends on. They are not asked for: a motion's text, for one, is as long as its author likes. All
 * others are, so that a new event of the contract is read without a change here.
 */
const unreadEvents: readonly ContractEvent["name"][] = [
  "MotionVoted",
  "MotionCarried",
  "OwnershipTransferStarted",
  "OwnershipTransferred",
];
const readTopics: readonly string[] = eventTopics(unreadEvents);

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

/** How far reading has come: block `block` of `to`. */
export type OnRange = (read: { readonly block: number; readonly to: number }) => void;

export class LogReader {
  readonly #contract: string;
  readonly #onRange: OnRange | undefined;
  /** By hash. */
  readonly #headers = new Map<string, Header>();
  #width = widestRange;
  #sinceRefusal = rangesBeforeWidening;

  constructor(contract: string, { onRange }: { readonly onRange?: OnRange | undefined } = {}) {
    this.#contract = contract.toLowerCase();
    this.#onRange = onRange;
  }

  /**
   * The next range from `from` on, at most up to `to`.
   * @throws RPC_BEHIND when the endpoint does not have the block yet, CHAIN_MOVED when the chain was reorganised while it
   * was read, EVENT_MALFORMED, RPC_TOO_LARGE when the endpoint refuses a single block; what the call throws
   */
  async readRange(rpc: Rpc, from: number, to: number): Promise<EventRange> {
    for (;;) {
      const last = Math.min(to, from + this.#width - 1);
      const end = await headerOf(rpc, last);
      try {
        const logs = await this.#logsBetween(rpc, from, last);
        if ((await headerOf(rpc, last)).hash !== end.hash) throw new FedError("CHAIN_MOVED", { block: last });
        const events = await place(logs, await this.#headersOf(rpc, logs, end));
        this.#widen();
        this.#onRange?.({ block: last, to });
        return { events, logs, from, end };
      } catch (error) {
        const isTimeout = isFedError(error, "RPC_TIMEOUT");
        if (!isTimeout && !isRangeRefusal(error)) throw error;
        this.#width = Math.max(1, Math.floor((last - from + 1) / 2));
        this.#sinceRefusal = 0;
        // A slow endpoint costs a time limit each time: the next endpoint is asked, for fewer blocks.
        if (isTimeout || last === from) throw error;
      }
    }
  }

  #widen(): void {
    this.#sinceRefusal++;
    if (this.#sinceRefusal > rangesBeforeWidening) this.#width = Math.min(widestRange, this.#width * 2);
  }

  /**
   * The header of each block that has logs. One that was read before is taken where a log gives its block's time: this
   * endpoint vouches for it then, whichever endpoint gave the header.
   */
  async #headersOf(rpc: Rpc, logs: readonly RpcLog[], end: Header): Promise<ReadonlyMap<number, Header>> {
    const headers = new Map([[end.number, end]]);
    for (const { blockNumber, blockHash, blockTimestamp } of logs) {
      const known = this.#headers.get(blockHash);
      const isVouchedFor = known?.number === blockNumber && known.timestamp === blockTimestamp;
      if (known && isVouchedFor && blockNumber !== end.number) headers.set(blockNumber, known);
    }
    const missing = [...new Set(logs.map(({ blockNumber }) => blockNumber))].filter((block) => !headers.has(block));
    for (let i = 0; i < missing.length; i += parallelHeaders) {
      const found = await Promise.all(missing.slice(i, i + parallelHeaders).map((block) => headerOf(rpc, block)));
      for (const header of found) {
        headers.set(header.number, header);
        this.#headers.set(header.hash, header);
        if (this.#headers.size > keptHeaders) this.#headers.delete(this.#headers.keys().next().value as string);
      }
    }
    return headers;
  }

  /** The contract's logs of a range, in chain order, each once. */
  async #logsBetween(rpc: Rpc, from: number, to: number): Promise<RpcLog[]> {
    const filter = {
      address: this.#contract,
      fromBlock: toQuantity(from),
      toBlock: toQuantity(to),
      topics: [readTopics],
    };
    const logs = (await parseLogs(await rpc("eth_getLogs", [filter]))).filter(
      ({ address, removed, blockNumber }) =>
        address === this.#contract && !removed && blockNumber >= from && blockNumber <= to,
    );
    logs.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
    return logs.filter(
      ({ blockNumber, logIndex }, i) => blockNumber !== logs[i - 1]?.blockNumber || logIndex !== logs[i - 1]?.logIndex,
    );
  }
}

/** Whether fewer blocks may help. A wording that is not in the table of refusals may mean that too. */
function isRangeRefusal(error: unknown): boolean {
  return isFedError(error, "RPC_TOO_LARGE") || (error instanceof RpcRefusal && error.meaning === "unknown");
}

/** Decodes logs, and gives each the time of its block's header. */
async function place(logs: readonly RpcLog[], headers: ReadonlyMap<number, Header>): Promise<PlacedEvent[]> {
  const placed: PlacedEvent[] = [];
  for (const [i, log] of logs.entries()) {
    if (i % eventsPerTurn === 0) await turn();
    const { blockNumber: block, blockHash, logIndex, transactionHash: transaction, blockTimestamp } = log;
    const event = parseEvent(log);
    if (!event) throw new FedError("EVENT_MALFORMED", { block, logIndex });
    const { hash, timestamp: time } = headers.get(block)!;
    if (hash !== blockHash) throw new FedError("CHAIN_MOVED", { block });
    // Deadlines are judged by this time, so an endpoint that gives two for one block is refused.
    if (typeof blockTimestamp === "number" && blockTimestamp !== time) {
      throw new FedError("RPC_MALFORMED", { block, logIndex, blockTimestamp, headerTimestamp: time });
    }
    placed.push({ event, place: { block, blockHash, logIndex, transaction, time } });
  }
  return placed;
}

/** @throws RPC_BEHIND, RPC_MALFORMED */
export async function headerOf(rpc: Rpc, block: number | "latest"): Promise<Header> {
  const tag = block === "latest" ? block : toQuantity(block);
  const header = parseHeader(await rpc("eth_getBlockByNumber", [tag, false]));
  if (!header) throw new FedError("RPC_BEHIND", { block: tag });
  if (block !== "latest" && header.number !== block) {
    throw new FedError("RPC_MALFORMED", { where: "number", asked: block, found: header.number });
  }
  return header;
}

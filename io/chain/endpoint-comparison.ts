// Compares what one endpoint shows with what the others show: heads, headers and logs. One endpoint alone can invent a
// consistent chain, hide events behind a frozen head, or shift block times; two of different operators cannot.
import { createHash } from "node:crypto";
import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { ChainAgreement, UnreadBlocks } from "../../protocol/audit/report.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Endpoints } from "./endpoints.ts";
import { type EventRange, headerOf, LogReader } from "./log-reader.ts";
import type { Header } from "./rpc-values.ts";

export interface ComparisonSettings {
  readonly contract: string;
  /** For so long an endpoint may lack blocks that another one has, milliseconds; then it counts as behind. */
  readonly behindMs: number;
  readonly log: Log;
}

/** The newest blocks are compared at most so often, milliseconds. */
const headIntervalMs = 10_000;

/** What a range of blocks looks like at one endpoint. */
interface Seen {
  readonly end: Header;
  readonly logs: string;
}

export class EndpointComparison {
  readonly #endpoints: Endpoints;
  readonly #settings: ComparisonSettings;
  /** One for each endpoint, since each refuses other ranges. */
  readonly #readers = new Map<string, LogReader>();
  readonly #silent = new Set<string>();
  readonly #behind = new Set<string>();
  /** Since when an endpoint lacks blocks of another one, and the block that it must reach. */
  readonly #lacking = new Map<string, { readonly since: number; readonly block: number }>();
  #agreed: number | undefined;
  #unread: UnreadBlocks | undefined;
  /** The block up to which one endpoint alone goes, and since when it does. */
  #apart: { readonly since: number; readonly block: number } | undefined;
  #headAt = Number.NEGATIVE_INFINITY;

  constructor(endpoints: Endpoints, settings: ComparisonSettings) {
    this.#endpoints = endpoints;
    this.#settings = settings;
  }

  get agreement(): ChainAgreement {
    const endpoints = this.#endpoints.count;
    const unread = this.#unread && { unread: this.#unread };
    return { endpoints, agreed: this.#agreed ?? 1, silent: [...this.#silent], behind: [...this.#behind], ...unread };
  }

  /**
   * Compares a range that the present endpoint has shown.
   * @throws ENDPOINTS_DISAGREE; RPC_BEHIND while another endpoint may still be about to receive the blocks; CHAIN_MOVED
   */
  async range({ from, end, events, logs }: EventRange, waiting: Waiting = {}): Promise<void> {
    const own: Seen = { end, logs: fingerprint([{ events, logs }]) };
    let agreed = 1;
    for (const other of await this.#endpoints.askOthers((rpc, name) => this.#read(rpc, name, from, end), waiting)) {
      const { name } = other;
      if (other.kind === "failed") {
        if (other.error.code === "CHAIN_MOVED") throw other.error;
        if (other.error.code === "RPC_BEHIND") this.#noteLacking(name, end.number);
        else this.#noteSilent(name, other.error);
        continue;
      }
      const about = differenceOf(own, other.answer);
      if (about !== undefined)
        throw new FedError("ENDPOINTS_DISAGREE", { endpoint: name, about, from, to: end.number });
      this.#noteAnswer(name);
      agreed++;
    }
    this.#agreed = Math.min(this.#agreed ?? agreed, agreed);
  }

  /**
   * Compares the newest block of the present endpoint with the others'. An endpoint that stays behind is passed over.
   * @param now without waiting for the next regular comparison
   * @throws RPC_BEHIND while the endpoint may still catch up, and once it was passed over
   */
  async head({ number }: Header, { now }: { readonly now: boolean }, waiting: Waiting = {}): Promise<void> {
    const name = this.#endpoints.currentName;
    const isDue = performance.now() - this.#headAt >= headIntervalMs || this.#lacking.has(name);
    if (this.#endpoints.count === 1 || !(now || isDue)) return;
    const others = await this.#endpoints.askOthers((rpc) => headerOf(rpc, "latest"), waiting);
    this.#headAt = performance.now();
    const newest = Math.max(...others.map((other) => (other.kind === "answered" ? other.answer.number : 0)));
    for (const other of others) if (other.kind === "failed") this.#noteSilent(other.name, other.error);
    const block = this.#lacking.get(name)?.block ?? newest;
    if (number >= block) {
      this.#lacking.delete(name);
      this.#behind.delete(name);
      return;
    }
    this.#noteLacking(name, block);
    this.#endpoints.passOver();
    throw new FedError("RPC_BEHIND", { endpoint: name, block: number, newest });
  }

  /**
   * The highest block that at least two of the answering endpoints have; the present one's where no other one answers. The
   * newest confirmed block is waited for as long as an endpoint may lag; after that it counts as shown by one endpoint alone.
   * @param head of the present endpoint
   * @throws RPC_BEHIND while an endpoint may still catch up
   */
  async agreedHead({ number }: Header, confirmations: number, waiting: Waiting = {}): Promise<number> {
    const heads = [{ name: this.#endpoints.currentName, number }];
    for (const other of await this.#endpoints.askOthers((rpc) => headerOf(rpc, "latest"), waiting)) {
      if (other.kind === "failed") this.#noteSilent(other.name, other.error);
      else heads.push({ name: other.name, number: other.answer.number });
    }
    const [highest, second] = heads.sort((a, b) => b.number - a.number);
    if (!second) return number;
    const goal = this.#apart?.block ?? highest!.number - confirmations;
    if (second.number >= goal) {
      this.#apart = undefined;
      this.#unread = undefined;
      // The present endpoint stands still, and two others go on.
      if (number < second.number) this.#passOverBehind(second.number);
      return second.number;
    }
    this.#apart ??= { since: performance.now(), block: goal };
    if (performance.now() - this.#apart.since < this.#settings.behindMs) {
      throw new FedError("RPC_BEHIND", { endpoint: second.name, block: second.number, newest: goal });
    }
    const { name: shownBy, number: to } = highest!;
    if (!this.#unread) this.#settings.log.warn("endpoints-apart", { endpoint: shownBy, from: second.number + 1, to });
    this.#unread = { from: second.number + 1, to, shownBy };
    return second.number;
  }

  #passOverBehind(newest: number): void {
    this.#noteLacking(this.#endpoints.currentName, newest);
    this.#endpoints.passOver();
    throw new FedError("RPC_BEHIND", { newest });
  }

  async #read(
    rpc: Parameters<LogReader["readRange"]>[0],
    name: string,
    from: number,
    { number: to }: Header,
  ): Promise<Seen> {
    const reader = this.#readers.get(name) ?? new LogReader(this.#settings.contract);
    this.#readers.set(name, reader);
    const pieces: EventRange[] = [];
    for (let next = from; next <= to; next = pieces.at(-1)!.end.number + 1) {
      pieces.push(await reader.readRange(rpc, next, to));
    }
    return { end: pieces.at(-1)!.end, logs: fingerprint(pieces) };
  }

  /** @throws RPC_BEHIND until the endpoint has lacked the block for too long */
  #noteLacking(endpoint: string, block: number): void {
    const lacking = this.#lacking.get(endpoint) ?? { since: performance.now(), block };
    this.#lacking.set(endpoint, lacking);
    if (performance.now() - lacking.since < this.#settings.behindMs)
      throw new FedError("RPC_BEHIND", { endpoint, block });
    if (!this.#behind.has(endpoint)) this.#settings.log.warn("endpoint-behind", { endpoint, block });
    this.#behind.add(endpoint);
  }

  #noteSilent(endpoint: string, { code }: FedError): void {
    if (!this.#silent.has(endpoint)) this.#settings.log.warn("endpoint-silent", { endpoint, code });
    this.#silent.add(endpoint);
  }

  #noteAnswer(endpoint: string): void {
    if (this.#silent.delete(endpoint)) this.#settings.log.info("endpoint-answers", { endpoint });
    this.#behind.delete(endpoint);
    this.#lacking.delete(endpoint);
  }
}

/** What differs first; undefined where nothing does. */
function differenceOf(own: Seen, other: Seen): string | undefined {
  if (other.end.hash !== own.end.hash) return "block";
  if (other.end.parentHash !== own.end.parentHash) return "parent";
  if (other.end.timestamp !== own.end.timestamp) return "time";
  const { receiptsRoot } = own.end;
  if (receiptsRoot && other.end.receiptsRoot && other.end.receiptsRoot !== receiptsRoot) return "receipts";
  return other.logs === own.logs ? undefined : "events";
}

/** Everything that is built on: the logs, and the times of their blocks. */
function fingerprint(ranges: readonly Pick<EventRange, "events" | "logs">[]): string {
  const hash = createHash("sha256");
  for (const { events, logs } of ranges) {
    for (const [i, { blockNumber, blockHash, logIndex, transactionHash, topics, data }] of logs.entries()) {
      const { time } = events[i]!.place;
      hash.update(
        JSON.stringify([blockNumber, blockHash, logIndex, transactionHash, time, topics, data.toLowerCase()]),
      );
    }
  }
  return hash.digest("hex");
}

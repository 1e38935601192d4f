// Compares what one endpoint shows with what the others show: heads, headers and logs. One endpoint alone can invent a
// consistent chain, hide events behind a frozen head, or shift block times; more than half of several cannot, unless their
// operators work together.
import { createHash } from "node:crypto";
import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { ChainAgreement, UnreadBlocks } from "../../protocol/audit/report.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Endpoints, OtherAnswer } from "./endpoints.ts";
import type { Rpc } from "./json-rpc.ts";
import { type EventRange, headerOf, LogReader } from "./log-reader.ts";
import type { Header } from "./rpc-values.ts";

export interface ComparisonSettings {
  readonly contract: string;
  /** For so long an endpoint may lack blocks that another one has, milliseconds; then it counts as behind. */
  readonly behindMs: number;
  /** An endpoint without new blocks is compared with the others at most so often, milliseconds. */
  readonly idleMs: number;
  /** Continues where more than half of the answering endpoints agree. If false, one that differs stops the reading. */
  readonly takesMajority: boolean;
  /** Called each time that endpoints begin to show different chains, so that reading waits for them to agree again. */
  readonly onApart?: (() => void) | undefined;
  readonly log: Log;
}

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
  /** With the time at which each was asked last. */
  readonly #silent = new Map<string, number>();
  readonly #behind = new Set<string>();
  /** Since when an endpoint lacks blocks of another one, and the block that it must reach. */
  readonly #lacking = new Map<string, { readonly since: number; readonly block: number }>();
  #agreed: number | undefined;
  #unread: UnreadBlocks | undefined;
  readonly #differing = new Set<string>();
  /** The block up to which too few endpoints go, and since when they do. */
  #apart: { readonly since: number; readonly block: number } | undefined;
  #isDisagreed = false;
  #time = 0;
  #headAt = Number.NEGATIVE_INFINITY;

  constructor(endpoints: Endpoints, settings: ComparisonSettings) {
    this.#endpoints = endpoints;
    this.#settings = settings;
  }

  get agreement(): ChainAgreement {
    const endpoints = this.#endpoints.count;
    const unread = this.#unread && { unread: this.#unread };
    return {
      endpoints,
      agreed: this.#agreed ?? 1,
      silent: [...this.#silent.keys()],
      behind: [...this.#behind],
      ...unread,
    };
  }

  /** Whether blocks are left unread that too few endpoints show. */
  get isApart(): boolean {
    return this.#apart !== undefined;
  }

  /** Block time that more than half of the answering endpoints have reached, as of the last `agreedHead`. */
  get time(): number {
    return this.#time;
  }

  /**
   * Compares a range that the present endpoint has shown.
   * @throws ENDPOINTS_DISAGREE; RPC_BEHIND while another endpoint may still be about to receive the blocks; CHAIN_MOVED
   */
  async range({ from, end, events, logs }: EventRange, waiting: Waiting = {}): Promise<void> {
    const own: Seen = { end, logs: fingerprint([{ events, logs }]) };
    const differences: { readonly endpoint: string; readonly about: string }[] = [];
    let agreed = 1;
    let answered = 1;
    for (const other of await this.#ask((rpc, name) => this.#read(rpc, name, from, end), waiting)) {
      const { name } = other;
      if (other.kind === "failed") {
        if (other.error.code === "CHAIN_MOVED") throw other.error;
        if (other.error.code === "RPC_BEHIND") {
          this.#noteLacking(name, end.number);
          answered++;
        } else this.#noteSilent(name, other.error);
        continue;
      }
      answered++;
      const about = differenceOf(own, other.answer);
      if (about !== undefined) {
        differences.push({ endpoint: name, about });
        continue;
      }
      this.#noteAnswer(name);
      agreed++;
    }
    const [first] = differences;
    if (first && !(this.#settings.takesMajority && agreed >= quorumOf(answered))) {
      // The one that differs may be the present one.
      if (this.#settings.takesMajority && answered > 2) this.#endpoints.passOver();
      throw new FedError("ENDPOINTS_DISAGREE", { ...first, from, to: end.number });
    }
    for (const { endpoint, about } of differences) this.#noteDiffering(endpoint, about);
    if (this.#isDisagreed) this.#settings.log.info("endpoints-agree");
    this.#isDisagreed = false;
    this.#agreed = Math.min(this.#agreed ?? agreed, agreed);
  }

  /** For people: the endpoints disagree, and reading waits. */
  noteDisagreement({ facts }: FedError): void {
    if (this.#isDisagreed) return;
    this.#isDisagreed = true;
    this.#settings.log.warn("endpoints-disagree", facts);
    this.#settings.onApart?.();
  }

  /** Whether another endpoint shows a newer block than the present one; asked for regularly, and false in between. */
  async isPassed({ number }: Header, waiting: Waiting = {}): Promise<boolean> {
    if (this.#endpoints.count === 1 || performance.now() - this.#headAt < this.#settings.idleMs) return false;
    this.#headAt = performance.now();
    const others = await this.#ask((rpc) => headerOf(rpc, "latest"), waiting);
    return others.some((other) => other.kind === "answered" && other.answer.number > number);
  }

  /**
   * The highest block that more than half of the answering endpoints have; the present one's where no other one answers.
   * The newest confirmed block is waited for as long as an endpoint may lag; after that too few endpoints show it.
   * @param head of the present endpoint
   * @throws RPC_BEHIND while an endpoint may still catch up, and once the present one was passed over
   */
  async agreedHead({ number, timestamp }: Header, confirmations: number, waiting: Waiting = {}): Promise<number> {
    const heads = [{ name: this.#endpoints.currentName, number, timestamp }];
    for (const other of await this.#ask((rpc) => headerOf(rpc, "latest"), waiting)) {
      if (other.kind === "failed") this.#noteSilent(other.name, other.error);
      else {
        this.#noteHeard(other.name);
        heads.push({ name: other.name, number: other.answer.number, timestamp: other.answer.timestamp });
      }
    }
    const place = quorumOf(heads.length) - 1;
    this.#time = heads.map((head) => head.timestamp).sort((a, b) => b - a)[place]!;
    heads.sort((a, b) => b.number - a.number);
    const [highest, agreed] = [heads[0]!, heads[place]!];
    // The present endpoint stands still, and more than half go on.
    if (number < agreed.number) this.#passOverBehind(agreed.number);
    this.#noteCaughtUp(number);
    const newest = highest.number - confirmations;
    const goal = Math.min(this.#apart?.block ?? newest, newest);
    if (agreed.number >= goal) {
      if (this.#unread) this.#settings.log.info("endpoints-agree");
      this.#apart = undefined;
      this.#unread = undefined;
      return agreed.number;
    }
    this.#apart ??= { since: performance.now(), block: goal };
    const isLong = performance.now() - this.#apart.since >= this.#settings.behindMs;
    if (this.#settings.takesMajority && heads.length > 2) {
      if (isLong) this.#noteDiffering(highest.name, "head");
      return agreed.number;
    }
    if (!isLong) {
      throw new FedError("RPC_BEHIND", { endpoint: agreed.name, block: agreed.number, newest: goal });
    }
    const unread = { from: agreed.number - confirmations + 1, to: highest.number, shownBy: highest.name };
    if (!this.#unread) {
      this.#settings.log.warn("endpoints-apart", { endpoint: unread.shownBy, from: unread.from, to: unread.to });
      this.#settings.onApart?.();
    }
    this.#unread = unread;
    return agreed.number;
  }

  /** Leaves out endpoints that were silent a moment ago: each would cost a time limit at every reading. */
  #ask<T>(work: (rpc: Rpc, name: string) => Promise<T>, waiting: Waiting): Promise<readonly OtherAnswer<T>[]> {
    const now = performance.now();
    const isLeftOut = (name: string) =>
      now - (this.#silent.get(name) ?? Number.NEGATIVE_INFINITY) < this.#settings.idleMs;
    return this.#endpoints.askOthers(work, waiting, isLeftOut);
  }

  #passOverBehind(newest: number): void {
    this.#noteLacking(this.#endpoints.currentName, newest);
    this.#endpoints.passOver();
    throw new FedError("RPC_BEHIND", { newest });
  }

  async #read(rpc: Rpc, name: string, from: number, { number: to }: Header): Promise<Seen> {
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
    this.#silent.set(endpoint, performance.now());
  }

  #noteDiffering(endpoint: string, about: string): void {
    if (!this.#differing.has(endpoint)) this.#settings.log.warn("endpoint-differs", { endpoint, about });
    this.#differing.add(endpoint);
  }

  /** The present endpoint has caught up. */
  #noteCaughtUp(number: number): void {
    const name = this.#endpoints.currentName;
    if (number < (this.#lacking.get(name)?.block ?? 0)) return;
    this.#lacking.delete(name);
    this.#behind.delete(name);
  }

  #noteHeard(endpoint: string): void {
    if (this.#silent.delete(endpoint)) this.#settings.log.info("endpoint-answers", { endpoint });
  }

  #noteAnswer(endpoint: string): void {
    this.#differing.delete(endpoint);
    this.#noteHeard(endpoint);
    this.#behind.delete(endpoint);
    this.#lacking.delete(endpoint);
  }
}

/** More than half of so many endpoints. */
function quorumOf(count: number): number {
  return Math.floor(count / 2) + 1;
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

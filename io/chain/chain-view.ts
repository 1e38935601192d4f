// Follows the contract's confirmed events, block by block. Each is read once. A reorganisation, and an endpoint that lags
// or leaves out events, is noticed before a party acts on what was read.
import { type ErrorFacts, FedError, isFedError } from "../../foundation/errors.ts";
import { abandonable, pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { LedgerEvent } from "../../protocol/contract/events.ts";
import type { Member, PrivateSums, RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import { RoundHistory } from "../../protocol/contract/round-history.ts";
import { hasPrivateSums } from "../../protocol/contract/rules/sealing.ts";
import { withoutContents } from "../../protocol/contract/state.ts";
import type { Digest, RoundId } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Log } from "../../protocol/ports.ts";
import type { ChainHead } from "./chain-head.ts";
import { EndpointComparison } from "./endpoint-comparison.ts";
import type { Endpoints } from "./endpoints.ts";
import { type Followed, nothingFollowed } from "./followed.ts";
import { type Rpc, RpcRefusal } from "./json-rpc.ts";
import { type EventRange, headerOf, LogReader, type OnRange, type PlacedEvent } from "./log-reader.ts";
import { readEvent } from "./read-event.ts";
import { parseBytes, toQuantity } from "./rpc-values.ts";
import { decodeReturned, encodeCall } from "./training-rounds.ts";

/** Rounds that stay in memory; older ones are read from the chain again, half as many at a time. */
const keptRounds = 64;
/** While endpoints lag behind each other, or the chain is being reorganised. */
const retries = 20;

export interface ChainViewSettings {
  readonly federation: FederationId;
  /** Block of the contract's creation. */
  readonly fromBlock: number;
  /** Blocks on top of an event before it counts. */
  readonly confirmations: number;
  /** Continues where more than half of the answering endpoints agree; if false, all must. */
  readonly takesMajority: boolean;
  /** Called each time that endpoints begin to show different chains. */
  readonly onApart?: (() => void) | undefined;
  /** Pause between two attempts while the chain is being reorganised or the endpoints disagree, milliseconds. */
  readonly retryMs: number;
  /** Called for each range of blocks that was read. */
  readonly onRange?: OnRange | undefined;
  readonly log: Log;
}

interface NextRange extends EventRange {
  /** Whether it ends with the newest block that is to be read now. */
  readonly isLast: boolean;
}

export class ChainView {
  readonly #endpoints: Endpoints;
  readonly #head: ChainHead;
  readonly #settings: ChainViewSettings;
  readonly #reader: LogReader;
  readonly #comparison: EndpointComparison;
  #now: Followed;
  /** Hash of the newest block of the chain when everything confirmed had been read. */
  #settledAt: string | undefined;
  /** The last rounds that were read again. */
  #older = new RoundHistory({ keep: keptRounds });
  #refreshing: Promise<void> | undefined;

  constructor(endpoints: Endpoints, head: ChainHead, settings: ChainViewSettings) {
    this.#endpoints = endpoints;
    this.#head = head;
    this.#settings = settings;
    const { contract } = settings.federation;
    this.#reader = new LogReader(contract, { onRange: settings.onRange });
    const { retryMs } = settings;
    const times = { behindMs: 10 * retryMs, idleMs: 40 * retryMs };
    this.#comparison = new EndpointComparison(endpoints, { ...settings, ...times, contract });
    this.#now = this.#beginning();
  }

  /** How far the endpoints agreed on what was read. */
  get comparison(): Pick<EndpointComparison, "agreement" | "isApart" | "time"> {
    return this.#comparison;
  }

  get members(): readonly Member[] {
    return this.#now.history.members;
  }

  /** Undefined also for a federation that only carries what its predecessors spent. */
  get privateSums(): PrivateSums | undefined {
    const { state } = this.#now.history;
    return hasPrivateSums(state) ? state.privateSums : undefined;
  }

  get latestRound(): RoundId {
    return this.#now.openings.length as RoundId;
  }

  /** Of the rounds opened from now on. */
  get terms(): RoundTerms | undefined {
    const { terms, nextTerms } = this.#now.history.state;
    return nextTerms ?? terms;
  }

  /** The plan that the next round must have. */
  get agreedPlan(): Digest | undefined {
    return this.#now.history.state.plan;
  }

  /** The last final model, or the genesis model. */
  get latestModel(): Digest | undefined {
    return this.#now.history.state.latestModel;
  }

  /** @throws ROUND_UNKNOWN, LOGS_INCOMPLETE, and what Endpoints.run throws */
  async round(id: RoundId, waiting: Waiting = {}): Promise<RoundState> {
    if (id < 1 || id > this.latestRound) throw new FedError("ROUND_UNKNOWN", { round: id, latest: this.latestRound });
    const kept = this.#now.history.round(id) ?? this.#older.earlierRound(id);
    if (kept) return kept;
    await this.#readAgain(id, waiting);
    return this.round(id, waiting);
  }

  /**
   * Reads the blocks confirmed since the last time. Callers share one reading, which continues when one of them aborts.
   * @throws RPC_UNAVAILABLE, ENDPOINTS_DISAGREE, LOGS_INCOMPLETE, RPC_BEHIND, CHAIN_MOVED
   */
  refresh(waiting: Waiting = {}, life: Waiting = {}): Promise<void> {
    this.#refreshing ??= this.#patiently(() => this.#endpoints.run((rpc) => this.#advance(rpc), life), life).finally(
      () => {
        this.#refreshing = undefined;
      },
    );
    // Every waiting caller gets the error; when all have aborted, none needs it.
    this.#refreshing.catch(() => {});
    return abandonable(this.#refreshing, waiting);
  }

  /** All events, from the first block to the latest confirmed one. */
  async *history(waiting: Waiting = {}): AsyncIterable<LedgerEvent> {
    const history = new RoundHistory({ keep: 0 });
    let block = this.#settings.fromBlock - 1;
    let hash: string | undefined;
    for (;;) {
      const range = await this.#patiently(
        () => this.#endpoints.run((rpc) => this.#nextRange(rpc, { block, hash }), waiting),
        waiting,
      );
      if (!range) return;
      for (const placed of range.events) {
        const event = this.#read(placed, history);
        if (!event) continue;
        // Members for the next event's bitmaps. Broken rules are the caller's to find: an auditor reads this.
        history.apply(event);
        yield event;
      }
      block = range.end.number;
      hash = range.end.hash;
    }
  }

  #beginning(): Followed {
    return nothingFollowed(this.#settings.fromBlock, { keptRounds });
  }

  #read({ event, place }: PlacedEvent, { members }: RoundHistory): LedgerEvent | undefined {
    return readEvent(event, place, { federation: this.#settings.federation, members });
  }

  async #advance(rpc: Rpc): Promise<void> {
    const start = this.#now.block;
    const head = await this.#head.by(rpc);
    if (head.hash === this.#settledAt && !(await this.#comparison.isPassed(head))) return;
    for (;;) {
      let range: NextRange | undefined;
      try {
        range = await this.#nextRange(rpc, this.#now);
      } catch (error) {
        if (isFedError(error, "CHAIN_REORGANISED")) this.#restart(error);
        throw error;
      }
      if (!range) break;
      this.#now = this.#after(this.#now, range);
      if (range.isLast) break;
    }
    if (this.#now.block > start) await this.#compare(rpc);
    // Other endpoints may show at any time what is left unread.
    this.#settledAt = this.#comparison.isApart ? undefined : head.hash;
  }

  /** The next range of confirmed blocks, agreed on by all endpoints that answer; undefined when there is none. */
  async #nextRange(
    rpc: Rpc,
    { block, hash }: { readonly block: number; readonly hash: string | undefined },
  ): Promise<NextRange | undefined> {
    const head = await this.#head.by(rpc);
    const { confirmations } = this.#settings;
    const target = (await this.#comparison.agreedHead(head, confirmations)) - confirmations;
    if (target < block) return undefined; // a lagging endpoint
    const found = head.number === block ? head : hash === undefined ? undefined : await headerOf(rpc, block);
    if (hash !== undefined && found?.hash !== hash) {
      throw new FedError("CHAIN_REORGANISED", { block, confirmations: this.#settings.confirmations });
    }
    if (target === block) return undefined;
    const range = await this.#reader.readRange(rpc, block + 1, target);
    await this.#comparison.range(range);
    return { ...range, isLast: range.end.number === target };
  }

  #after(before: Followed, { events, end }: EventRange): Followed {
    const { history, openings } = before;
    for (const placed of events) {
      const event = this.#read(placed, history);
      if (!event) continue;
      if (event.kind === "round-opened") {
        const { block, logIndex } = event;
        openings.push({ block, logIndex, before: withoutContents(history.state) });
      }
      const [broken] = history.apply(event);
      if (broken) throw this.#incomplete({ block: event.block, round: broken.round, rule: broken.rule });
    }
    return { block: end.number, hash: end.hash, history, openings };
  }

  /** Compares the contract's state with the events: that finds an endpoint that leaves out logs, without a second one. */
  async #compare(rpc: Rpc): Promise<void> {
    const call = { to: this.#settings.federation.contract, data: encodeCall("latestRound", []) };
    let returned: string;
    try {
      returned = parseBytes(await rpc("eth_call", [call, toQuantity(this.#now.block)]));
    } catch (error) {
      if (error instanceof RpcRefusal) return; // a client that keeps no state of this block
      throw error;
    }
    const { id, commitmentsHash } = decodeReturned("latestRound", returned);
    if (Number(id) === this.latestRound && commitmentsHash === this.#now.history.state.commitmentsHash) return;
    throw this.#incomplete({ block: this.#now.block, round: this.latestRound, expected: id });
  }

  /** Events that the contract cannot have emitted, or not these alone: all are read again. */
  #incomplete(facts: ErrorFacts): FedError {
    this.#now = this.#beginning();
    this.#settledAt = undefined;
    return new FedError("LOGS_INCOMPLETE", facts, {
      remedy: "the RPC endpoint leaves out events of the contract, or invents some: use another one",
    });
  }

  /** Reads everything again: reorganisations are rare, and this way nothing has to be undone. */
  #restart(error: FedError): void {
    this.#settings.log.warn("chain-reorganised", error.facts);
    this.#now = this.#beginning();
    this.#settledAt = undefined;
    this.#older = new RoundHistory({ keep: keptRounds });
  }

  /** Repeats reading while the chain is being reorganised or the endpoints disagree. */
  async #patiently<T>(work: () => Promise<T>, waiting: Waiting): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const unsettled = isFedError(
          error,
          "CHAIN_REORGANISED",
          "CHAIN_MOVED",
          "RPC_BEHIND",
          "ENDPOINTS_DISAGREE",
          "LOGS_INCOMPLETE",
        );
        if (unsettled && attempt > retries && error.code === "ENDPOINTS_DISAGREE") {
          this.#comparison.noteDisagreement(error);
        }
        if (!unsettled || attempt > retries) throw error;
        this.#head.forget();
        if (attempt > 1) await pause(this.#settings.retryMs, waiting);
      }
    }
  }

  /** Reads half as many rounds as are kept, from this one on. */
  async #readAgain(id: RoundId, waiting: Waiting): Promise<void> {
    const opening = this.#now.openings[id - 1]!;
    // A round is whole once the next one opens: the last opening ends the last round that is read.
    const last = this.#now.openings[id - 1 + keptRounds / 2]?.block ?? this.#now.block;
    const history = new RoundHistory({ keep: keptRounds, state: opening.before });
    for (let from = opening.block; from <= last; ) {
      const range = await this.#patiently(
        () => this.#endpoints.run((rpc) => this.#reader.readRange(rpc, from, last), waiting),
        waiting,
      );
      for (const placed of range.events) {
        const { block, logIndex } = placed.place;
        if (block === opening.block && logIndex < opening.logIndex) continue;
        const event = this.#read(placed, history);
        if (event) history.apply(event);
      }
      from = range.end.number + 1;
    }
    if (!history.earlierRound(id)) throw new FedError("LOGS_INCOMPLETE", { round: id, block: opening.block });
    this.#older = history;
  }
}

// The contract's confirmed past, followed block by block: what was read once is not read again, and a reorganisation,
// a lagging endpoint or one that lies by omission is noticed before anything is built on it.
import { AbiCoder, keccak256 } from "ethers";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { abandonable, pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { ChainAgreement } from "../../protocol/audit/basis.ts";
import type { LedgerEvent, Member, RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Log } from "../../protocol/ports.ts";
import type { ChainHead } from "./chain-head.ts";
import { EndpointComparison } from "./endpoint-comparison.ts";
import type { Endpoints } from "./endpoints.ts";
import { type Rpc, RpcRefusal } from "./json-rpc.ts";
import { type EventRange, headerOf, LogReader, type OnRange } from "./log-reader.ts";
import { Roster } from "./roster.ts";
import { RoundFold } from "./round-fold.ts";
import { parseBytes, toQuantity } from "./rpc-values.ts";
import { type ContractEvent, decodeReturned, encodeCall } from "./training-rounds.ts";

/** Rounds whose states stay in memory; older ones are read from the chain again, half as many at a time. */
const keptRounds = 64;
/** While endpoints lag behind each other, or the chain is being reorganised. */
const retries = 20;
const emptyHash = `0x${"0".repeat(64)}`;

export interface ChainViewSettings {
  readonly federation: FederationId;
  /** Block of the contract's creation. */
  readonly fromBlock: number;
  /** Blocks on top of an event before it counts. */
  readonly confirmations: number;
  /** Between two attempts while the chain, or the endpoints among themselves, have not settled. */
  readonly retryMs: number;
  /** Called for each range of blocks that was read. */
  readonly onRange?: OnRange | undefined;
  readonly log: Log;
}

/** Where a round began, and what held then: a fold can begin here. */
interface Opening {
  readonly block: number;
  readonly logIndex: number;
  readonly members: readonly Member[];
  readonly terms: RoundTerms | undefined;
}

/** Everything folded up to a block. */
interface Folded {
  readonly block: number;
  /** Undefined before the first block was read. */
  readonly hash: string | undefined;
  /** The contract's commitmentsHash, recomputed. */
  readonly commitmentsHash: string;
  readonly roster: Roster;
  readonly rounds: RoundFold;
  /** Of round 1, 2, … */
  readonly openings: readonly Opening[];
}

export class ChainView {
  readonly #endpoints: Endpoints;
  readonly #head: ChainHead;
  readonly #settings: ChainViewSettings;
  readonly #reader: LogReader;
  readonly #comparison: EndpointComparison;
  #now: Folded;
  /** Hash of the newest block up to which everything confirmed is folded. */
  #settledAt: string | undefined;
  /** The last rounds that were read again. */
  #older = new RoundFold({ keep: keptRounds });
  #refreshing: Promise<void> | undefined;

  constructor(endpoints: Endpoints, head: ChainHead, settings: ChainViewSettings) {
    this.#endpoints = endpoints;
    this.#head = head;
    this.#settings = settings;
    const { contract } = settings.federation;
    this.#reader = new LogReader(contract, { onRange: settings.onRange });
    this.#comparison = new EndpointComparison(endpoints, { ...settings, contract, behindMs: 10 * settings.retryMs });
    this.#now = this.#beginning();
  }

  /** How far the endpoints agreed on what was read. */
  get agreement(): ChainAgreement {
    return this.#comparison.agreement;
  }

  get members(): readonly Member[] {
    return this.#now.roster.members;
  }

  get latestRound(): RoundId {
    return this.#now.openings.length as RoundId;
  }

  get terms(): RoundTerms | undefined {
    return this.#now.rounds.terms;
  }

  /** @throws FedError ROUND_UNKNOWN */
  async round(id: RoundId, waiting: Waiting = {}): Promise<RoundState> {
    if (id < 1 || id > this.latestRound) throw new FedError("ROUND_UNKNOWN", { round: id, latest: this.latestRound });
    const kept = this.#now.rounds.get(id) ?? this.#older.get(id);
    if (kept) return kept;
    await this.#readAgain(id, waiting);
    return this.round(id, waiting);
  }

  /**
   * Takes in the blocks confirmed since the last time. Callers share one reading, which goes on when one gives up.
   * @throws FedError RPC_UNAVAILABLE, ENDPOINTS_DISAGREE, LOGS_INCOMPLETE, RPC_BEHIND, CHAIN_MOVED
   */
  refresh(waiting: Waiting = {}, life: Waiting = {}): Promise<void> {
    this.#refreshing ??= this.#patiently(() => this.#endpoints.run((rpc) => this.#advance(rpc), life), life).finally(
      () => {
        this.#refreshing = undefined;
      },
    );
    // Whoever waits hears of a failure; where all have given up, nobody needs to.
    this.#refreshing.catch(() => {});
    return abandonable(this.#refreshing, waiting);
  }

  /** All events, from the first block to the latest confirmed one. */
  async *history(waiting: Waiting = {}): AsyncIterable<LedgerEvent> {
    const roster = new Roster(this.#settings.federation);
    let block = this.#settings.fromBlock - 1;
    let hash: string | undefined;
    for (;;) {
      const range = await this.#patiently(
        () =>
          this.#endpoints.run(async (rpc) => {
            const next = await this.#nextRange(rpc, { block, hash });
            // A head that stands still would end the history too early.
            if (!next) await this.#comparison.head(await this.#head.by(rpc), { now: true });
            return next;
          }, waiting),
        waiting,
      );
      if (!range) return;
      for (const { event, place } of range.events) {
        const told = roster.read(event, place);
        if (told) yield told;
      }
      block = range.end.number;
      hash = range.end.hash;
    }
  }

  #beginning(): Folded {
    return {
      block: this.#settings.fromBlock - 1,
      hash: undefined,
      commitmentsHash: emptyHash,
      roster: new Roster(this.#settings.federation),
      rounds: new RoundFold({ keep: keptRounds }),
      openings: [],
    };
  }

  async #advance(rpc: Rpc): Promise<void> {
    const start = this.#now.block;
    const head = await this.#head.by(rpc);
    await this.#comparison.head(head, { now: false });
    if (head.hash === this.#settledAt) return;
    for (;;) {
      let range: EventRange | undefined;
      try {
        range = await this.#nextRange(rpc, this.#now);
      } catch (error) {
        if (isFedError(error, "CHAIN_REORGANISED")) this.#restart(error);
        throw error;
      }
      if (!range) break;
      this.#now = this.#after(this.#now, range);
    }
    if (this.#now.block > start) await this.#compare(rpc);
    this.#settledAt = head.hash;
  }

  /** The next range of confirmed blocks, agreed on by all endpoints that answer; undefined when there is none. */
  async #nextRange(
    rpc: Rpc,
    { block, hash }: { readonly block: number; readonly hash: string | undefined },
  ): Promise<EventRange | undefined> {
    const head = await this.#head.by(rpc);
    const target = head.number - this.#settings.confirmations;
    if (target < block) return undefined; // a lagging endpoint
    const found = head.number === block ? head : hash === undefined ? undefined : await headerOf(rpc, block);
    if (hash !== undefined && found?.hash !== hash) {
      throw new FedError("CHAIN_REORGANISED", { block, confirmations: this.#settings.confirmations });
    }
    if (target === block) return undefined;
    const range = await this.#reader.readRange(rpc, block + 1, target);
    await this.#comparison.range(range);
    return range;
  }

  #after(before: Folded, { events, end }: EventRange): Folded {
    const openings = [...before.openings];
    let { commitmentsHash } = before;
    const { roster, rounds } = before;
    for (const { event, place } of events) {
      if (event.name === "UpdateCommitted") commitmentsHash = nextCommitmentsHash(commitmentsHash, event);
      if (event.name === "RoundOpened") {
        const { block, logIndex } = place;
        openings.push({ block, logIndex, members: roster.members, terms: rounds.terms });
      }
      const told = roster.read(event, place);
      if (told) rounds.apply(told);
    }
    return { block: end.number, hash: end.hash, commitmentsHash, roster, rounds, openings };
  }

  /** The contract's own memory against the events: an endpoint whose logs have holes is found out without a second. */
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
    if (Number(id) === this.latestRound && commitmentsHash === this.#now.commitmentsHash) return;
    const facts = { block: this.#now.block, round: this.latestRound, expected: id };
    this.#now = this.#beginning();
    this.#settledAt = undefined;
    throw new FedError("LOGS_INCOMPLETE", facts, {
      remedy: "the RPC endpoint leaves out events of the contract: use another one",
    });
  }

  /** Everything is read again: rare, and it needs no undo. */
  #restart(error: FedError): void {
    this.#settings.log.warn("chain-reorganised", error.facts);
    this.#now = this.#beginning();
    this.#settledAt = undefined;
    this.#older = new RoundFold({ keep: keptRounds });
  }

  /** Repeats reading while the chain, or the endpoints among themselves, have not settled. */
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
        if (!unsettled || attempt > retries) throw error;
        this.#head.forget();
        if (attempt > 1) await pause(this.#settings.retryMs, waiting);
      }
    }
  }

  async #readAgain(id: RoundId, waiting: Waiting): Promise<void> {
    const opening = this.#now.openings[id - 1] as Opening;
    const last = this.#now.openings[id - 1 + keptRounds / 2]?.block ?? this.#now.block;
    const roster = new Roster(this.#settings.federation, opening.members);
    const fold = new RoundFold({ keep: keptRounds, terms: opening.terms });
    for (let from = opening.block; from <= last; ) {
      const range = await this.#patiently(
        () => this.#endpoints.run((rpc) => this.#reader.readRange(rpc, from, last), waiting),
        waiting,
      );
      for (const { event, place } of range.events) {
        if (place.block === opening.block && place.logIndex < opening.logIndex) continue;
        const told = roster.read(event, place);
        if (told) fold.apply(told);
      }
      from = range.end.number + 1;
    }
    if (!fold.get(id)) throw new FedError("LOGS_INCOMPLETE", { round: id, block: opening.block });
    this.#older = fold;
  }
}

function nextCommitmentsHash(hash: string, { args }: Extract<ContractEvent, { name: "UpdateCommitted" }>): string {
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "uint32", "address", "bytes32", "uint32"],
      [hash, args.roundId, args.member, args.manifestDigest, args.sampleCount],
    ),
  );
}

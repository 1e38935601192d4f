// A chain with reorganisations: transactions wait in a pool and are mined late and in any order; of two transactions with
// one nonce, one is mined.

import { isFedError } from "../../foundation/errors.ts";
import type { PrivateSums, RoundTerms } from "../../protocol/contract/round.ts";
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import { type ContractCall, FakeContract } from "../fakes/contract.ts";
import type { VirtualTime } from "../fakes/virtual-time.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface Transaction {
  readonly by: HospitalAddress;
  /** Number of earlier transactions of the account. */
  readonly nonce: number;
  readonly call: ContractCall | { readonly name: "revoke"; readonly args: { readonly member: HospitalAddress } };
  /** Virtual time from which miners know it, milliseconds. */
  knownAt: number;
  receipt: Receipt | undefined;
}

export interface Receipt {
  readonly block: number;
  /** The contract's refusal, if any. */
  readonly error: unknown;
  /** The result of openRound. */
  readonly round: RoundId | undefined;
}

export interface Block {
  readonly number: number;
  /** Seconds. */
  readonly time: number;
  readonly transactions: readonly Transaction[];
  /** The contract's state after the block. */
  readonly contract: FakeContract;
  readonly nonces: ReadonlyMap<HospitalAddress, number>;
}

/** The account that admits and revokes members. */
const admin = `0x${"ad".repeat(20)}` as HospitalAddress;
const epochSeconds = 1_000_000;

export class SimulatedChain {
  readonly confirmations: number;
  readonly listeners = new Set<() => void>();
  reorganisations = 0;
  readonly #blocks: Block[] = [];
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  #pool: Transaction[] = [];

  constructor(
    { time, random }: { time: VirtualTime; random: SeededRandom },
    options: {
      terms: RoundTerms;
      sums: Pick<PrivateSums, "mechanism" | "maxSeals"> | undefined;
      /** Whether the contract counts seals: it does, but for a planted bug. */
      isCharged: boolean;
      confirmations: number;
      blockMs: number;
      prepare: (genesis: FakeContract) => void;
    },
  ) {
    this.confirmations = options.confirmations;
    this.#time = time;
    this.#random = random;
    const sums = options.sums && { ...options.sums, seals: 0 };
    const contract = new FakeContract(options.terms, undefined, sums, options.isCharged);
    options.prepare(contract);
    this.#blocks.push({ number: 0, time: epochSeconds, transactions: [], contract, nonces: new Map() });
    const tick = () => {
      this.#mine(this.#clock());
      this.#notify();
      time.at(time.now() + options.blockMs + random.between(0, 999), tick);
    };
    time.at(options.blockMs, tick);
  }

  get head(): Block {
    return this.#blocks.at(-1)!;
  }

  /** The newest block with enough confirmations. */
  get confirmed(): Block {
    return this.at(this.head.number - this.confirmations);
  }

  at(number: number): Block {
    return this.#blocks[Math.max(0, number)]!;
  }

  send(by: HospitalAddress, nonce: number, call: ContractCall): Transaction {
    const transaction: Transaction = {
      by,
      nonce,
      call,
      receipt: undefined,
      knownAt: this.#time.now() + this.#random.between(0, 3000),
    };
    this.#pool.push(transaction);
    return transaction;
  }

  revoke(member: HospitalAddress): void {
    const call = { name: "revoke", args: { member } } as const;
    this.#pool.push({ by: admin, nonce: 0, call, knownAt: this.#time.now(), receipt: undefined });
  }

  /** Replaces the newest blocks by as many others. */
  reorganise(depth: number): void {
    const removed = this.#blocks.splice(Math.max(1, this.#blocks.length - depth));
    if (removed.length === 0) return;
    this.reorganisations++;
    for (const { transactions } of removed) {
      for (const transaction of transactions) {
        transaction.receipt = undefined;
        transaction.knownAt = this.#random.chance(0.5) ? 0 : this.#time.now() + this.#random.between(0, 6000);
        this.#pool.push(transaction);
      }
    }
    for (const { time } of removed) this.#mine(time);
    this.#notify();
  }

  #clock(): number {
    return Math.max(this.head.time, epochSeconds + Math.floor(this.#time.now() / 1000));
  }

  #mine(time: number): void {
    const contract = this.head.contract.clone();
    const nonces = new Map(this.head.nonces);
    const number = this.#blocks.length;
    const transactions: Transaction[] = [];
    const known = this.#pool.filter(({ knownAt }) => knownAt <= this.#time.now());
    for (const transaction of this.#random.shuffled(known)) {
      const { by, nonce, call } = transaction;
      if (by !== admin && nonce !== (nonces.get(by) ?? 0)) continue;
      nonces.set(by, nonce + 1);
      transaction.receipt = { block: number, ...execute(contract, by, call, time) };
      transactions.push(transaction);
    }
    // A transaction with the nonce of a mined one stays in the pool: it may be mined after a reorganisation.
    this.#pool = this.#pool.filter((each) => !transactions.includes(each));
    this.#blocks.push({ number, time, transactions, contract, nonces });
  }

  #notify(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

function execute(
  contract: FakeContract,
  by: HospitalAddress,
  call: Transaction["call"],
  time: number,
): Pick<Receipt, "error" | "round"> {
  try {
    if (call.name !== "revoke") return { error: undefined, round: contract.apply(by, call, time) };
    contract.revoke(call.args.member, time);
    return { error: undefined, round: undefined };
  } catch (error) {
    if (!isFedError(error)) throw error;
    return { error, round: undefined };
  }
}

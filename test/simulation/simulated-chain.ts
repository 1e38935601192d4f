// A chain whose newest blocks may be taken back: transactions wait in a pool, are mined late and in any order, and one
// that shares its nonce with another is mined in its stead or never.

import { isFedError } from "../../foundation/errors.ts";
import type { RoundTerms } from "../../protocol/contract/round.ts";
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import { type ContractCall, FakeContract } from "../fakes/contract.ts";
import type { VirtualTime } from "../fakes/virtual-time.ts";
import type { Dice } from "./dice.ts";

export interface Transaction {
  readonly by: HospitalAddress;
  /** How many transactions of the account came before. */
  readonly nonce: number;
  readonly call: ContractCall | { readonly name: "revoke"; readonly args: { readonly member: HospitalAddress } };
  /** Virtual time from which miners know it, milliseconds. */
  knownAt: number;
  receipt: Receipt | undefined;
}

export interface Receipt {
  readonly block: number;
  /** What the contract refused it with. */
  readonly error: unknown;
  /** What openRound gave. */
  readonly round: RoundId | undefined;
}

export interface Block {
  readonly number: number;
  /** Seconds. */
  readonly time: number;
  readonly transactions: readonly Transaction[];
  /** After the block. */
  readonly contract: FakeContract;
  readonly nonces: ReadonlyMap<HospitalAddress, number>;
}

/** Who may admit and revoke. */
const admin = `0x${"ad".repeat(20)}` as HospitalAddress;
const epochSeconds = 1_000_000;

export class SimulatedChain {
  readonly confirmations: number;
  readonly listeners = new Set<() => void>();
  reorganisations = 0;
  readonly #blocks: Block[] = [];
  readonly #time: VirtualTime;
  readonly #dice: Dice;
  #pool: Transaction[] = [];

  constructor(
    { time, dice }: { time: VirtualTime; dice: Dice },
    options: { terms: RoundTerms; confirmations: number; blockMs: number; found: (genesis: FakeContract) => void },
  ) {
    this.confirmations = options.confirmations;
    this.#time = time;
    this.#dice = dice;
    const contract = new FakeContract(options.terms);
    options.found(contract);
    this.#blocks.push({ number: 0, time: epochSeconds, transactions: [], contract, nonces: new Map() });
    const tick = () => {
      this.#mine(this.#clock());
      this.#tellAll();
      time.at(time.now() + options.blockMs + dice.between(0, 999), tick);
    };
    time.at(options.blockMs, tick);
  }

  get head(): Block {
    return this.#blocks.at(-1) as Block;
  }

  /** The newest block that counts as settled. */
  get confirmed(): Block {
    return this.at(this.head.number - this.confirmations);
  }

  at(number: number): Block {
    return this.#blocks[Math.max(0, number)] as Block;
  }

  send(by: HospitalAddress, nonce: number, call: ContractCall): Transaction {
    const transaction: Transaction = {
      ...{ by, nonce, call, receipt: undefined },
      knownAt: this.#time.now() + this.#dice.between(0, 3000),
    };
    this.#pool.push(transaction);
    return transaction;
  }

  revoke(member: HospitalAddress): void {
    const call = { name: "revoke", args: { member } } as const;
    this.#pool.push({ by: admin, nonce: 0, call, knownAt: this.#time.now(), receipt: undefined });
  }

  /** Takes the newest blocks back and mines as many others in their place. */
  reorganise(depth: number): void {
    const removed = this.#blocks.splice(Math.max(1, this.#blocks.length - depth));
    if (removed.length === 0) return;
    this.reorganisations++;
    for (const { transactions } of removed) {
      for (const transaction of transactions) {
        transaction.receipt = undefined;
        transaction.knownAt = this.#dice.chance(0.5) ? 0 : this.#time.now() + this.#dice.between(0, 6000);
        this.#pool.push(transaction);
      }
    }
    for (const { time } of removed) this.#mine(time);
    this.#tellAll();
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
    for (const transaction of this.#dice.shuffled(known)) {
      const { by, nonce, call } = transaction;
      if (by !== admin && nonce !== (nonces.get(by) ?? 0)) continue;
      nonces.set(by, nonce + 1);
      transaction.receipt = { block: number, ...execute(contract, by, call, time) };
      transactions.push(transaction);
    }
    // What shares its nonce with a mined transaction stays in the pool: a reorganisation may give it another chance.
    this.#pool = this.#pool.filter((each) => !transactions.includes(each));
    this.#blocks.push({ number, time, transactions, contract, nonces });
  }

  #tellAll(): void {
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

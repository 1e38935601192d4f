// The contract on a chain in memory: one block a second of virtual time, and every transaction at once.

import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { MemberRole, PrivateSums, RoundState, RoundTerms } from "../../protocol/contract/round.ts";
import { hasPrivateSums } from "../../protocol/contract/rules/sealing.ts";
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Ledger } from "../../protocol/ports.ts";
import { type ContractCall, FakeContract } from "./contract.ts";
import { commitmentBatch, recordedBy, voteBatch } from "./signed-batches.ts";
import type { VirtualTime } from "./virtual-time.ts";

export const fakeFederation: FederationId = { chainId: 31337, contract: `0x${"c0".repeat(20)}` as HospitalAddress };

export class FakeChain {
  readonly #time: VirtualTime;
  readonly #contract: FakeContract;
  readonly #listeners = new Set<() => void>();
  /** Accounts without gas. */
  readonly gasless = new Set<HospitalAddress>();

  /** @param sums what a federation with private sums is founded with */
  constructor(time: VirtualTime, terms: RoundTerms, sums?: Pick<PrivateSums, "mechanism" | "maxSeals">) {
    this.#time = time;
    this.#contract = new FakeContract(terms, undefined, sums && { ...sums, seals: 0 });
    const block = () => {
      time.at(time.now() + 1000, block);
      this.#wake();
    };
    block();
  }

  get now(): number {
    return 1_000_000 + Math.floor(this.#time.now() / 1000);
  }

  admit(address: HospitalAddress, role: MemberRole = "hospital"): void {
    this.#contract.admit(address, role, this.now);
    this.#wake();
  }

  revoke(address: HospitalAddress): void {
    this.#contract.revoke(address, this.now);
    this.#wake();
  }

  get rounds(): readonly RoundState[] {
    return this.#contract.rounds;
  }

  get events(): FakeContract["events"] {
    return this.#contract.events;
  }

  get writes(): FakeContract["writes"] {
    return this.#contract.writes;
  }

  /** The contract as one party sees it. */
  ledger(self: HospitalAddress | undefined): Ledger {
    const contract = this.#contract;
    const write = (call: ContractCall) => {
      if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
      if (this.gasless.has(self)) throw new FedError("CHAIN_FUNDS", { account: self });
      const made = contract.apply(self, call, this.now);
      this.#wake();
      return made;
    };
    const writeBatch = (call: ReturnType<typeof commitmentBatch>) => {
      const recorded = recordedBy(contract, self!, call, this.now);
      if (recorded > 0) write(call);
      return recorded;
    };
    return {
      federation: fakeFederation,
      self,
      chainTime: async () => this.now,
      privateSums: async () => (hasPrivateSums(contract.state) ? contract.state.privateSums : undefined),
      members: async () => contract.members.map((member) => ({ ...member })),
      latestRound: async () => contract.rounds.length as RoundId,
      round: async (id) => {
        const round = contract.rounds[id - 1];
        if (!round) throw new FedError("ROUND_UNKNOWN", { round: id });
        return { ...round };
      },
      async *history() {
        yield* contract.events;
      },
      changes: (waiting) => changesOf(this.#listeners, waiting),
      openRound: async (args) => write({ name: "openRound", args }) as RoundId,
      commitUpdate: async (args) => void write({ name: "commitUpdate", args }),
      commitUpdates: async (round, signed) => writeBatch(commitmentBatch(fakeFederation, round, signed)),
      attestFor: async (votes) => writeBatch(voteBatch(fakeFederation, votes, contract.rounds[votes.round - 1])),
      sealRound: async (args) => void write({ name: "sealRound", args }),
      proposeModel: async (args) => void write({ name: "proposeModel", args }),
      attest: async (args) => void write({ name: "attest", args }),
      expire: async (round) => {
        try {
          write({ name: "expire", args: { round } });
        } catch (error) {
          ignoreNothingDue(error);
        }
      },
    };
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A ledger's `expire` does nothing where nothing is due (io/chain/ledger.ts). */
export function ignoreNothingDue(error: unknown): void {
  if (!isFedError(error, "ROUND_NOTHING_DUE", "ROUND_MISMATCH")) throw error;
}

/** Yields whenever one of the set is called; several calls between two yields are one. */
export async function* changesOf(listeners: Set<() => void>, { signal }: Waiting = {}): AsyncIterable<void> {
  let changed = false;
  let wake = () => {};
  const listener = () => {
    changed = true;
    wake();
  };
  listeners.add(listener);
  signal?.addEventListener("abort", listener, { once: true });
  try {
    for (;;) {
      while (!changed && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal?.aborted) throw new FedError("ABORTED", { what: "changes" });
      changed = false;
      yield;
    }
  } finally {
    listeners.delete(listener);
  }
}

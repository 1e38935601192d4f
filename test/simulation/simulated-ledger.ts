// The chain as one process sees it: through an endpoint that lags or is down, with a sender that works like the real one
// (io/chain/sender.ts): one write at a time is estimated, sent, and awaited until it is confirmed.

import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { hasPrivateSums } from "../../protocol/contract/rules/sealing.ts";
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";
import type { Ledger } from "../../protocol/ports.ts";
import { changesOf, fakeFederation, ignoreNothingDue } from "../fakes/chain.ts";
import type { ContractCall } from "../fakes/contract.ts";
import { commitmentBatch, recordedBy, voteBatch } from "../fakes/signed-batches.ts";
import type { Block, Receipt, SimulatedChain } from "./simulated-chain.ts";

/** A party's RPC endpoint. */
export interface Endpoint {
  down: boolean;
  /** Blocks behind the head. */
  lag: number;
  /** A planted bug: unconfirmed blocks count. */
  ignoresConfirmations?: boolean;
}

export interface LedgerWorld {
  readonly chain: SimulatedChain;
  readonly endpoint: Endpoint;
  /** Waits for the duration of an answer. */
  readonly pause: (waiting?: Waiting) => Promise<void>;
  readonly dead: () => boolean;
  /** An account without gas. */
  readonly gasless: boolean;
  /** Called with every block that was read. */
  readonly onRead: (block: Block) => void;
}

export function simulatedLedger(self: HospitalAddress, world: LedgerWorld): Ledger {
  const { chain, endpoint, pause, onRead } = world;
  let height = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const answer = async (waiting?: Waiting) => {
    await pause(waiting);
    if (endpoint.down) throw new FedError("RPC_UNAVAILABLE", {});
  };
  const read = async (waiting?: Waiting): Promise<Block> => {
    await answer(waiting);
    height = Math.max(
      height,
      chain.head.number - (endpoint.ignoresConfirmations ? 0 : chain.confirmations) - endpoint.lag,
    );
    const block = chain.at(height);
    onRead(block);
    return block;
  };
  const attempt = async (call: ContractCall, waiting?: Waiting): Promise<Receipt | undefined> => {
    await answer(waiting);
    const { contract, nonces, time } = chain.head;
    contract.clone().apply(self, call, time + 1);
    if (world.gasless) throw new FedError("CHAIN_FUNDS", { account: self });
    const nonce = nonces.get(self) ?? 0;
    const transaction = chain.send(self, nonce, call);
    for (;;) {
      await nextBlock(chain, waiting);
      if (world.dead()) return new Promise<never>(() => {});
      if (endpoint.down) continue;
      const { receipt } = transaction;
      if (receipt && chain.head.number >= receipt.block + chain.confirmations) {
        if (receipt.error) throw receipt.error;
        return receipt;
      }
      if (!receipt && (chain.head.nonces.get(self) ?? 0) > nonce) return undefined;
    }
  };
  const untilDone = async (call: ContractCall, waiting?: Waiting): Promise<Receipt> => {
    for (;;) {
      waiting?.signal?.throwIfAborted();
      const receipt = await attempt(call, waiting);
      if (receipt) return receipt;
    }
  };
  const write = (call: ContractCall, waiting?: Waiting): Promise<Receipt> => {
    const done = queue.then(() => untilDone(call, waiting));
    queue = done.catch(() => {});
    return done;
  };

  const writeBatch = async (call: ReturnType<typeof commitmentBatch>, waiting?: Waiting): Promise<number> => {
    await answer(waiting);
    const recorded = recordedBy(chain.head.contract, self, call, chain.head.time + 1);
    if (recorded > 0) await write(call, waiting);
    return recorded;
  };

  return {
    federation: fakeFederation,
    self,
    async chainTime(waiting) {
      await answer(waiting);
      return chain.at(chain.head.number - endpoint.lag).time;
    },
    privateSums: async (waiting) => {
      const { state } = (await read(waiting)).contract;
      return hasPrivateSums(state) ? state.privateSums : undefined;
    },
    members: async (waiting) => (await read(waiting)).contract.members.map((member) => ({ ...member })),
    latestRound: async (waiting) => (await read(waiting)).contract.rounds.length as RoundId,
    async round(id, waiting) {
      const round = (await read(waiting)).contract.rounds[id - 1];
      if (!round) throw new FedError("ROUND_UNKNOWN", { round: id });
      return { ...round };
    },
    async *history(waiting) {
      yield* (await read(waiting)).contract.events;
    },
    changes: (waiting) => changesOf(chain.listeners, waiting),
    openRound: async (args, waiting) => (await write({ name: "openRound", args }, waiting)).round as RoundId,
    commitUpdate: async (args, waiting) => void (await write({ name: "commitUpdate", args }, waiting)),
    commitUpdates: (round, signed, waiting) => writeBatch(commitmentBatch(fakeFederation, round, signed), waiting),
    attestFor: (votes, waiting) =>
      writeBatch(voteBatch(fakeFederation, votes, chain.head.contract.rounds[votes.round - 1]), waiting),
    sealRound: async (args, waiting) => void (await write({ name: "sealRound", args }, waiting)),
    proposeModel: async (args, waiting) => void (await write({ name: "proposeModel", args }, waiting)),
    attest: async (args, waiting) => void (await write({ name: "attest", args }, waiting)),
    expire: async (round, waiting) =>
      void (await write({ name: "expire", args: { round } }, waiting).catch(ignoreNothingDue)),
  };
}

function nextBlock(chain: SimulatedChain, { signal }: Waiting = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      chain.listeners.delete(end);
      signal?.removeEventListener("abort", end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    if (signal?.aborted) return end();
    chain.listeners.add(end);
    signal?.addEventListener("abort", end, { once: true });
  });
}

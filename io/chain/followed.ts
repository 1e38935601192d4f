// What a reader of the chain holds of the blocks that it has read.
import { RoundHistory } from "../../protocol/contract/round-history.ts";
import type { ContractState } from "../../protocol/contract/state.ts";

/** Where a round opened, and the state before: its events can be applied again from here. */
interface Opening {
  readonly block: number;
  readonly logIndex: number;
  readonly before: ContractState;
}

/** Everything read up to a block. */
export interface Followed {
  readonly block: number;
  /** Undefined before the first block was read. */
  readonly hash: string | undefined;
  readonly history: RoundHistory;
  /** Of round 1, 2, …; grows in place, as the history does. */
  readonly openings: Opening[];
}

/** @param fromBlock the first block to be read */
export function nothingFollowed(fromBlock: number, { keptRounds }: { readonly keptRounds: number }): Followed {
  return { block: fromBlock - 1, hash: undefined, history: new RoundHistory({ keep: keptRounds }), openings: [] };
}

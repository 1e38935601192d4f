// Follows the contract's events and keeps the newest rounds, which readers of the chain need.
import type { RoundId } from "../format/digest.ts";
import { apply } from "./apply.ts";
import type { BrokenRule } from "./broken-rule.ts";
import type { LedgerEvent } from "./events.ts";
import type { Member, RoundState } from "./round.ts";
import { memberOf, presentKeys, roundStateOf } from "./round-view.ts";
import { type ContractState, contractBeforeEvents } from "./state.ts";

export interface RoundHistoryOptions {
  /** Rounds before the newest one that stay in memory. */
  readonly keep: number;
  /** Where the history begins; before the first event by default. */
  readonly state?: ContractState;
}

export class RoundHistory {
  readonly #keep: number;
  /** The round within which this history begins: some of its events were not seen. */
  #partial: RoundId | undefined;
  #state: ContractState;
  /** Rounds that a later one has followed: they change no more. */
  readonly #earlier = new Map<RoundId, RoundState>();
  #newest: RoundState | undefined;
  #members: readonly Member[] | undefined;

  constructor({ keep, state = contractBeforeEvents }: RoundHistoryOptions) {
    this.#keep = keep;
    this.#state = state;
    this.#partial = state.round?.id;
  }

  get state(): ContractState {
    return this.#state;
  }

  /** All members ever admitted, by index, under their present keys. */
  get members(): readonly Member[] {
    this.#members ??= this.#state.members.map(memberOf);
    return this.#members;
  }

  /** A round that is kept, or the newest one. Members have their present keys, or those when the next round opened. */
  round(id: RoundId): RoundState | undefined {
    const { round, members } = this.#state;
    if (round?.id !== id) return this.#earlier.get(id);
    this.#newest ??= roundStateOf(round, presentKeys(members));
    return this.#newest;
  }

  /** A round that a later one has followed. */
  earlierRound(id: RoundId): RoundState | undefined {
    return this.#earlier.get(id);
  }

  /** @returns the rules that the event breaks */
  apply(event: LedgerEvent): readonly BrokenRule[] {
    const before = this.#state;
    const { state, broken } = apply(before, event);
    if (event.kind === "round-opened" && before.round) this.#keepRound(before.round.id);
    if (state.round !== before.round || state.members !== before.members) this.#newest = undefined;
    if (state.members !== before.members) this.#members = undefined;
    this.#state = state;
    return broken;
  }

  /** Another history with the same past. */
  clone(): RoundHistory {
    const copy = new RoundHistory({ keep: this.#keep, state: this.#state });
    copy.#partial = this.#partial;
    for (const [id, round] of this.#earlier) copy.#earlier.set(id, round);
    copy.#newest = this.#newest;
    copy.#members = this.#members;
    return copy;
  }

  #keepRound(id: RoundId): void {
    const round = id === this.#partial ? undefined : this.round(id);
    if (round) this.#earlier.set(id, round);
    const [oldest] = this.#earlier.keys();
    if (this.#earlier.size > this.#keep && oldest !== undefined) this.#earlier.delete(oldest);
  }
}

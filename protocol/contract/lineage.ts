// Which models came before which: what a late update was trained from, and how many rounds are done.

import type { Waiting } from "../../foundation/waiting.ts";
import type { Digest, RoundId } from "../format/digest.ts";
import type { Ledger } from "../ports.ts";
import type { RoundState } from "./round.ts";

export interface Lineage {
  /** Rounds that became final, oldest first. */
  readonly finals: readonly RoundState[];
  /** Distinct bases of the rounds, newest first; headed by the final model of the newest round once there is one. */
  readonly bases: readonly Digest[];
  readonly newest: RoundState | undefined;
}

/** How many models older than the one to train from now this base is; undefined for a model of no round. */
export function ageOf(base: Digest, { bases }: Pick<Lineage, "bases">): number | undefined {
  const age = bases.indexOf(base);
  return age < 0 ? undefined : age;
}

/** Bases as the round's own updates see them: its base first. */
export function basesOf(round: RoundState, { bases }: Pick<Lineage, "bases">): readonly Digest[] {
  return bases.slice(Math.max(0, bases.indexOf(round.base)));
}

export function lineageOf(rounds: readonly RoundState[]): Lineage {
  const bases: Digest[] = [];
  for (const { base, model } of rounds) {
    for (const each of model ? [base, model] : [base]) if (bases.at(-1) !== each) bases.push(each);
  }
  return {
    finals: rounds.filter(({ status }) => status === "final"),
    bases: bases.reverse(),
    newest: rounds.at(-1),
  };
}

/** Reads the rounds, those that can change no more only once. */
export function openLineage(ledger: Pick<Ledger, "latestRound" | "round">): (waiting: Waiting) => Promise<Lineage> {
  const settled: RoundState[] = [];
  return async (waiting) => {
    const latest = await ledger.latestRound(waiting);
    const rounds: RoundState[] = settled.slice(0, latest);
    for (let id = rounds.length + 1; id <= latest; id++) {
      const round = await ledger.round(id as RoundId, waiting);
      rounds.push(round);
      // The newest round may still gain attestations for the record when it is final.
      if (id < latest && settled.length === id - 1) settled.push(round);
    }
    return lineageOf(rounds);
  };
}

// The order of models: which bases a late update may have, and how many rounds are final.

import type { Waiting } from "../../foundation/waiting.ts";
import type { Digest, RoundId } from "../format/digest.ts";
import type { Ledger } from "../ports.ts";
import type { RoundState } from "./round.ts";

export interface Lineage {
  /** Rounds that became final, oldest first. */
  readonly finals: readonly RoundState[];
  /** Distinct bases of the rounds, newest first; starting with the final model of the newest round once there is one. */
  readonly bases: readonly Digest[];
  readonly newest: RoundState | undefined;
}

/** Number of models that are newer than this base; undefined where no round had it as base or model. */
export function ageOf(base: Digest, { bases }: Pick<Lineage, "bases">): number | undefined {
  const age = bases.indexOf(base);
  return age < 0 ? undefined : age;
}

/** The bases that a round's updates may have: its own base first. */
export function basesOf(round: RoundState, { bases }: Pick<Lineage, "bases">): readonly Digest[] {
  return bases.slice(Math.max(0, bases.indexOf(round.base)));
}

/** Puts a model before the others, unless it is the newest already: a final model may equal its base. */
export function withModel(bases: readonly Digest[], model: Digest): readonly Digest[] {
  return bases[0] === model ? bases : [model, ...bases];
}

export function lineageOf(rounds: readonly RoundState[]): Lineage {
  /** Oldest first, as withModel would put them: an array grows cheaply at its end. */
  const oldestFirst: Digest[] = [];
  const add = (model: Digest) => void (oldestFirst.at(-1) === model || oldestFirst.push(model));
  for (const { base, model } of rounds) {
    add(base);
    if (model) add(model);
  }
  const finals = rounds.filter(({ status }) => status === "final");
  return { finals, bases: oldestFirst.reverse(), newest: rounds.at(-1) };
}

/**
 * Reads completed rounds only once. A reorganisation deeper than the confirmations can still replace them: then a later round starts from another model, and the rounds before it are read again.
 */
export function openLineage(ledger: Pick<Ledger, "latestRound" | "round">): (waiting: Waiting) => Promise<Lineage> {
  /** Rounds that a later one has followed. */
  let settled: readonly RoundState[] = [];
  return async (waiting) => {
    const latest = await ledger.latestRound(waiting);
    const read = (id: number) => ledger.round(id as RoundId, waiting);
    // The newest round may still gain attestations for the record when it is final.
    let rounds = settled.slice(0, Math.max(0, latest - 1));
    for (let id = rounds.length + 1; id <= latest; id++) rounds = [...rounds, await read(id)];
    for (let at = latest - 1; at > 0 && !follows(rounds[at]!, rounds[at - 1]!); at--) {
      const before = await read(at);
      if (isSameRound(before, rounds[at - 1]!)) break;
      rounds = rounds.with(at - 1, before);
    }
    settled = rounds.slice(0, -1);
    return lineageOf(rounds);
  };
}

/** Whether a round starts from the model that the one before left. */
function follows({ base }: RoundState, before: RoundState): boolean {
  return base === (before.model ?? before.base);
}

function isSameRound(a: RoundState, b: RoundState): boolean {
  return a.base === b.base && a.model === b.model && a.status === b.status;
}

// Every rule under every attack, and every update format, at several seeds; and what the seeds say together.
import { meanInterval } from "../../foundation/statistics/mean-interval.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import type { StrategySpec } from "../../protocol/strategy/strategy-spec.ts";
import type { UpdateSpec } from "../../protocol/update/update-spec.ts";
import { type Federation, type Learner, type Outcome, runFederation, runInFloats } from "./attacked-federation.ts";
import type { AttackName } from "./attackers.ts";
import { rules, type Setup } from "./setups.ts";
import { weightsOf } from "./weight-vector.ts";

export interface Measured {
  readonly balancedAccuracy: Estimate;
  readonly auc: Estimate;
  /** Balanced accuracy at each seed. */
  readonly bySeed: readonly number[];
}

export interface AttackCell extends Measured {
  readonly rule: StrategySpec["name"];
  readonly attack: AttackName;
  /** What the attack takes: the mean of the differences to the same rule and seed without attack, and its interval. */
  readonly change: Estimate;
}

export interface FormatRow extends Measured {
  readonly format: string;
  /** Of one update's file. */
  readonly bytes: number;
  readonly ofFloat32: number;
}

export interface Study {
  readonly parameters: number;
  readonly attacks: readonly AttackCell[];
  readonly formats: readonly FormatRow[];
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

const formats: readonly (Pick<UpdateSpec, "type" | "topFraction"> & { readonly name: string })[] = [
  { name: "I32", type: "I32", topFraction: 1 },
  { name: "I16", type: "I16", topFraction: 1 },
  { name: "I8", type: "I8", topFraction: 1 },
  { name: "I16, largest tenth", type: "I16", topFraction: 0.1 },
  { name: "I8, largest tenth", type: "I8", topFraction: 0.1 },
  { name: "I8, largest hundredth", type: "I8", topFraction: 0.01 },
];

/**
 * @param seeds each another draw of patients, first weights and attackers' noise
 * @param withFormats whether update formats are compared as well, with nobody hostile
 * @throws what federations throw
 */
export async function* runStudy(
  setup: Setup,
  seeds: readonly number[],
  { withFormats }: { readonly withFormats: boolean },
): AsyncGenerator<Progress, Study> {
  const cells = setup.rules.flatMap((strategy) => setup.attacks.map((attack) => ({ strategy, attack })));
  const total = seeds.length * (cells.length + (withFormats ? formats.length + 1 : 0));
  const attacked = cells.map((): Outcome[] => []);
  const formatted = new Map<string, Outcome[]>();
  let done = 0;
  let parameters = 0;
  for (const seed of seeds) {
    const learner = await setup.learner(setup, seed);
    parameters = weightsOf(learner.genesis()).length;
    const { rounds, clipNorm, buckets } = setup;
    const usual: Usual = { rounds, seed, buckets, update: { type: "I16", clipNorm, topFraction: 1, localTensors: [] } };
    for (const [place, { strategy, attack }] of cells.entries()) {
      yield { done: done++, total, note: `seed ${seed}, ${strategy.name}, ${attack}` };
      const { attackers } = setup;
      attacked[place]?.push(await runFederation(learner, { ...usual, strategy, attack, attackers }));
    }
    if (!withFormats) continue;
    for await (const { format, outcome } of runFormats(learner, usual)) {
      yield { done: done++, total, note: `seed ${seed}, ${format}` };
      formatted.set(format, [...(formatted.get(format) ?? []), outcome]);
    }
  }
  return {
    parameters,
    attacks: cells.map(({ strategy: { name: rule }, attack }, place) => {
      const calm = cells.findIndex((cell) => cell.strategy.name === rule && cell.attack === "none");
      return { rule, attack, ...measured(attacked[place]), change: changeOf(attacked[place], attacked[calm]) };
    }),
    formats: [...formatted].map(([format, outcomes]) => {
      const [{ updateBytes: bytes }] = outcomes as [Outcome];
      return { format, bytes, ofFloat32: bytes / (4 * parameters), ...measured(outcomes) };
    }),
  };
}

type Usual = Pick<Federation, "rounds" | "seed" | "update" | "buckets">;

/** Nobody is hostile here: the first hospitals learn as the others do. */
async function* runFormats(learner: Learner, usual: Usual): AsyncGenerator<{ format: string; outcome: Outcome }> {
  const floats = await runInFloats(learner, usual.rounds);
  yield { format: "float32", outcome: { ...floats, updateBytes: 4 * weightsOf(learner.genesis()).length } };
  const [strategy] = rules as readonly [StrategySpec];
  for (const { name, ...format } of formats) {
    const update = { ...usual.update, ...format };
    yield {
      format: name,
      outcome: await runFederation(learner, { ...usual, strategy, update, attackers: 0, attack: "none" }),
    };
  }
}

function measured(outcomes: readonly Outcome[] = []): Measured {
  const bySeed = outcomes.map(({ balancedAccuracy }) => balancedAccuracy);
  return {
    balancedAccuracy: meanInterval(bySeed),
    auc: meanInterval(outcomes.map(({ auc }) => auc)),
    bySeed,
  };
}

function changeOf(attacked: readonly Outcome[] = [], calm: readonly Outcome[] = []): Estimate {
  return meanInterval(
    attacked.map(({ balancedAccuracy }, place) => balancedAccuracy - (calm[place]?.balancedAccuracy ?? Number.NaN)),
  );
}

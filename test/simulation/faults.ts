// What goes wrong in one run, drawn from its seed. Each run has its own mixture (some have no crashes, some nothing
// else), since faults of one kind can hide what those of another would show.
import type { Dice } from "./dice.ts";

export interface Weather {
  readonly hospitals: number;
  /** How many of the hospitals lie, and whether an aggregator does. */
  readonly liars: number;
  readonly lyingAggregator: boolean;
  readonly aggregators: number;
  readonly maxStaleness: number;
  /** Of the chain. */
  readonly confirmations: number;
  readonly blockMs: number;
  readonly deepestReorganisation: number;
  /** Chance of a crash at any act, in millionths; of a crash at some instant, a second. */
  readonly crashPerAct: number;
  readonly crashPerSecond: number;
  readonly reorganisationPerSecond: number;
  readonly partitionPerSecond: number;
  readonly endpointDownPerSecond: number;
  readonly lagPerSecond: number;
  readonly loss: number;
  readonly longestMs: number;
  /** Largest error of a clock's rate. */
  readonly drift: number;
  /** Seconds after which a hospital is revoked; 0 where none is. */
  readonly revokeAfter: number;
  /** Seconds after which nothing goes wrong any more. */
  readonly calmAfter: number;
}

export function drawWeather(dice: Dice): Weather {
  const hospitals = dice.pick([4, 4, 4, 4, 5, 5, 5, 7]);
  const most = Math.floor((hospitals - 1) / 3);
  const liars = dice.chance(0.6) ? dice.between(1, most) : 0;
  const spare = hospitals - 1 >= 3 * liars + 1;
  const some = (value: number) => (dice.chance(0.5) ? value : 0);
  const confirmations = dice.between(0, 2);
  return {
    ...{ hospitals, liars, lyingAggregator: dice.chance(0.3), aggregators: dice.chance(0.2) ? 2 : 1 },
    maxStaleness: dice.chance(0.3) ? 1 : 0,
    ...{ confirmations, blockMs: dice.pick([1000, 2000, 3000, 4000]) },
    deepestReorganisation: dice.chance(0.15) ? confirmations + 2 : confirmations,
    crashPerAct: dice.pick([0, 0, 0.0005, 0.003]),
    crashPerSecond: some(0.02),
    reorganisationPerSecond: some(0.1),
    partitionPerSecond: some(0.02),
    endpointDownPerSecond: some(0.03),
    lagPerSecond: some(0.05),
    loss: some(dice.pick([0.05, 0.3])),
    longestMs: dice.pick([50, 1000, 5000]),
    drift: some(0.05),
    revokeAfter: spare && dice.chance(0.3) ? dice.between(10, 35) : 0,
    calmAfter: dice.between(40, 110),
  };
}

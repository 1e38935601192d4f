// The faults of one run, drawn from its seed. Each run has its own mixture (some have no crashes, some have only
// crashes), because faults of one kind can hide the effects of another.
import { fewestPrivateHospitals } from "../../protocol/contract/rules/sealing.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What rounds are of: updates that all can read, private sums, private sums of buckets, or private sums with noise. */
export interface RoundKind {
  readonly isPrivate: boolean;
  readonly isBucketed: boolean;
  readonly isNoisy: boolean;
}

export interface Faults extends RoundKind {
  readonly hospitals: number;
  /** Hospitals that lie. */
  readonly liars: number;
  /** Whether one aggregator lies. */
  readonly lyingAggregator: boolean;
  readonly aggregators: number;
  readonly maxStaleness: number;
  /** Blocks on top of a block before parties act on it. */
  readonly confirmations: number;
  /** Shortest time between blocks, virtual milliseconds. */
  readonly blockMs: number;
  /** Blocks. */
  readonly deepestReorganisation: number;
  /** Probability that a process crashes at a call of a port. */
  readonly crashPerCall: number;
  /** Probabilities a virtual second. */
  readonly crashPerSecond: number;
  readonly reorganisationPerSecond: number;
  readonly partitionPerSecond: number;
  readonly endpointDownPerSecond: number;
  readonly lagPerSecond: number;
  /** Share of messages and transfers that are lost. */
  readonly loss: number;
  /** Longest delay of a message, virtual milliseconds. */
  readonly longestDelayMs: number;
  /** Largest error of a clock's rate, as a share. */
  readonly drift: number;
  /** Virtual seconds until a hospital is revoked; 0: none is revoked. */
  readonly revokeAfter: number;
  /** Hospitals whose commitments and votes others send; every second of them has gas to send its own. */
  readonly relayed: number;
  /** Virtual seconds until all faults stop. Liars still lie. */
  readonly faultFreeAfter: number;
  /** Sums that the contract lets be opened. */
  readonly maxSeals: number;
}

/** More than a run opens. */
const ampleSeals = 1000;

export function drawFaults(random: SeededRandom): Omit<Faults, keyof RoundKind | "maxSeals"> {
  const hospitals = random.pick([4, 4, 4, 4, 5, 5, 5, 7]);
  const most = Math.floor((hospitals - 1) / 3);
  const liars = random.chance(0.6) ? random.between(1, most) : 0;
  const spare = hospitals - 1 >= 3 * liars + 1;
  const some = (value: number) => (random.chance(0.5) ? value : 0);
  const confirmations = random.between(0, 2);
  return {
    hospitals,
    liars,
    lyingAggregator: random.chance(0.3),
    aggregators: random.chance(0.2) ? 2 : 1,
    maxStaleness: random.chance(0.3) ? 1 : 0,
    confirmations,
    blockMs: random.pick([1000, 2000, 3000, 4000]),
    deepestReorganisation: random.chance(0.15) ? confirmations + 2 : confirmations,
    crashPerCall: random.pick([0, 0, 0.0005, 0.003]),
    crashPerSecond: some(0.02),
    reorganisationPerSecond: some(0.1),
    partitionPerSecond: some(0.02),
    endpointDownPerSecond: some(0.03),
    lagPerSecond: some(0.05),
    loss: some(random.pick([0.05, 0.3])),
    longestDelayMs: random.pick([50, 1000, 5000]),
    drift: some(0.05),
    revokeAfter: spare && random.chance(0.3) ? random.between(10, 35) : 0,
    faultFreeAfter: random.between(40, 110),
    // Somebody honest must have gas besides the aggregators, which may all be down or lie.
    relayed: random.chance(0.35) ? random.between(1, hospitals - liars - 1) : 0,
  };
}

/** Three buckets of two, under the rules of terms.ts. */
const fewestBucketed = 6;

/**
 * A contract with private sums opens no round for fewer than four hospitals: of four none is revoked. Of three buckets one may be
 * missing or hostile, so there is one liar at most. In a third of the runs with noise the privacy budget is soon spent.
 */
export function faultsOf(drawn: Omit<Faults, "maxSeals"> & Partial<Faults>): Faults {
  const { hospitals, liars, isNoisy, faultFreeAfter } = drawn;
  // Not drawn: a further draw would change the runs of all seeds.
  const maxSeals = drawn.maxSeals ?? (isNoisy && faultFreeAfter % 3 === 0 ? 2 : ampleSeals);
  const faults = drawn.isBucketed
    ? { ...drawn, maxSeals, hospitals: Math.max(fewestBucketed, hospitals), liars: Math.min(1, liars) }
    : { ...drawn, maxSeals };
  const fewest = faults.isBucketed ? fewestBucketed : fewestPrivateHospitals;
  const isEnough = !faults.isPrivate || faults.hospitals > fewest;
  return isEnough ? faults : { ...faults, revokeAfter: 0 };
}

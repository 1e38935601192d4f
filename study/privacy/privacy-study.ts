// What differential privacy costs in AUC, by epsilon, hospitals and patients: the same hospitals train plainly, one of them
// alone, in small steps without noise, and in the same steps with the noise of each epsilon.
import { meanInterval } from "../../foundation/statistics/mean-interval.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { areaUnderCurve } from "../../foundation/statistics/scores.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { type PrivacyCost, privacyCost } from "../../protocol/private/privacy-cost.ts";
import { type Federation, runFederation } from "../strategies/attacked-federation.ts";
import { runNoisy } from "./noisy-federation.ts";
import { populationOf, type SyntheticPatient } from "./population.ts";
import type { PrivacyHospitals, PrivacyNetwork, StepSettings } from "./privacy-networks.ts";

export interface PrivacySetup {
  readonly hospitals: readonly number[];
  /** Training patients in all; with each number every number of hospitals. */
  readonly patients: readonly number[];
  readonly epsilons: readonly number[];
  readonly steps: StepSettings;
  readonly testPatients: number;
  /** How strongly the disease shows: 1 as in life. */
  readonly signal: number;
  readonly seeds: readonly number[];
  /** Where synthetic scans are kept between runs. */
  readonly folder?: string | undefined;
}

/** The plan of a federation whose noise is for `epsilon`, as `consilium plan` writes it. */
export type StepPlan = (
  settings: StepSettings & { readonly epsilon: number; readonly batchSize: number; readonly seed: number },
) => Plan;

/** How a model was trained: by one hospital alone, by federated averaging, in steps without noise, or with it. */
export type Training = "alone" | "plain" | "steps" | { readonly epsilon: number };

export interface PrivacyCell {
  readonly hospitals: number;
  readonly patients: number;
  readonly training: Training;
  /** What the plan's rounds cost; only with noise. */
  readonly cost?: PrivacyCost | undefined;
  /** Of the test patients: the mean over the seeds, and its interval. */
  readonly auc: Estimate;
  /** The means of the differences to the plain federation, and to one hospital alone, of the same seed, and their intervals. */
  readonly overPlain: Estimate;
  readonly overAlone: Estimate;
  readonly bySeed: readonly number[];
}

export interface PrivacyProgress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** @throws what federations throw */
export async function* runPrivacyStudy(
  network: PrivacyNetwork,
  setup: PrivacySetup,
  planOf: StepPlan,
): AsyncGenerator<PrivacyProgress, readonly PrivacyCell[]> {
  const { epsilons, seeds, folder, signal, testPatients } = setup;
  const trainings: readonly Training[] = ["alone", "plain", "steps", ...epsilons.map((epsilon) => ({ epsilon }))];
  const places = setup.patients.flatMap((patients) => setup.hospitals.map((hospitals) => ({ patients, hospitals })));
  const runs = places.flatMap((place) => trainings.map((training) => ({ ...place, training, bySeed: [] as number[] })));
  const costs = new Map<object, PrivacyCost | undefined>();
  const total = seeds.length * runs.length;
  let done = 0;
  for (const seed of seeds) {
    const most = testPatients + Math.max(...setup.patients);
    yield { done, total, note: `seed ${seed}, patients` };
    const population = await populationOf({ seed, patients: most, signal, folder });
    for (const run of runs) {
      const { training, patients, hospitals } = run;
      yield {
        done: done++,
        total,
        note: `seed ${seed}, ${hospitals} hospitals, ${patients} patients, ${nameOf(training)}`,
      };
      const shards = dealt(population.slice(testPatients, testPatients + patients), hospitals);
      const made = await network.hospitals(shards, population.slice(0, testPatients), seed);
      if (training === "alone" || training === "plain") {
        run.bySeed.push(await plainArea(network, made, training, seed));
        continue;
      }
      const isNoisy = typeof training === "object";
      const batchSize = Math.min(256, Math.max(1, Math.round((setup.steps.samplingRate * patients) / hospitals)));
      const epsilon = isNoisy ? training.epsilon : Math.max(...epsilons);
      const plan = planOf({ ...setup.steps, epsilon, batchSize, seed });
      if (isNoisy) costs.set(run, privacyCost(plan.privacy, plan.rounds));
      const model = await runNoisy(made.steps(plan), plan, { seed, isNoisy });
      run.bySeed.push(areaUnderCurve(await made.scores(model)).value);
    }
  }
  return runs.map((run) => {
    const over = (other: Training) => {
      const isOther = ({ hospitals, patients, training }: (typeof runs)[number]) =>
        hospitals === run.hospitals && patients === run.patients && training === other;
      const base = runs.find(isOther)!;
      return meanInterval(run.bySeed.map((auc, place) => auc - base.bySeed[place]!));
    };
    const shown = { ...run, cost: costs.get(run), auc: meanInterval(run.bySeed) };
    return { ...shown, overPlain: over("plain"), overAlone: over("alone") };
  });
}

export function nameOf(training: Training): string {
  const names = { alone: "one hospital alone", plain: "federated averaging", steps: "steps without noise" };
  return typeof training === "object" ? `epsilon ${training.epsilon}` : names[training];
}

/** Pairs of a negative and a positive patient, in turn. */
function dealt(patients: readonly SyntheticPatient[], hospitals: number): SyntheticPatient[][] {
  const shards = Array.from({ length: hospitals }, (): SyntheticPatient[] => []);
  for (const [place, patient] of patients.entries()) shards[Math.floor(place / 2) % hospitals]!.push(patient);
  return shards;
}

async function plainArea(
  { plainRounds: rounds, clipNorm }: PrivacyNetwork,
  hospitals: PrivacyHospitals,
  training: "alone" | "plain",
  seed: number,
): Promise<number> {
  const federation: Federation = {
    strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
    update: { type: "I16", clipNorm, topFraction: 1, localTensors: [] },
    ...{ rounds, seed, attackers: 0, attack: "none" },
  };
  return (await runFederation(hospitals.plain(training === "plain" ? "all" : "first"), federation)).auc;
}

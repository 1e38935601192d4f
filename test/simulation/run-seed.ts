// One seed's run as a result: whoever runs many of them goes on after a failure, and says how to see it again.
import type { Weather } from "./faults.ts";
import type { Mutant } from "./mutants.ts";
import { Simulation } from "./simulation.ts";
import { type Rule, Violation } from "./violation.ts";

export interface Outcome {
  readonly seed: number;
  readonly weather: Weather;
  /** Steps of the scheduler; after each of them all rules were checked. */
  readonly steps: number;
  readonly virtualSeconds: number;
  /** Settled final models. */
  readonly finals: number;
  readonly crashes: number;
  readonly reorganisations: number;
  /** A hash of all that happened: the same for the same seed. */
  readonly fingerprint: string;
  readonly failure: { readonly rule: Rule; readonly message: string; readonly trail: readonly string[] } | undefined;
}

export async function runSeed(seed: number, mutant?: Mutant): Promise<Outcome> {
  const simulation = await Simulation.prepare(seed, mutant);
  let failure: Outcome["failure"];
  try {
    await simulation.run();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    failure = { rule: error.rule, message: error.message, trail: simulation.trail.last };
  }
  const { weather, steps, crashes, trail, time, chain, safety } = simulation;
  return {
    ...{ seed, weather, steps, crashes, failure, fingerprint: trail.fingerprint },
    virtualSeconds: time.now() / 1000,
    finals: safety.finals.size,
    reorganisations: chain.reorganisations,
  };
}

/** What failed, at which step, and how to see the same again. */
export function describeFailure({ seed, steps, virtualSeconds, failure }: Outcome): string {
  if (!failure) return `seed ${seed}: every rule held`;
  const at = `step ${steps}, virtual second ${virtualSeconds.toFixed(3)}`;
  return `seed ${seed}: ${failure.message}\n  at ${at}; to see it again: npm run test:sim -- --seed ${seed}`;
}

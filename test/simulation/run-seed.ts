// Runs one seed and returns its outcome, so that a run of many seeds continues after a failure.
import { useFastCommitments } from "../fakes/fast-commitments.ts";
import { makeFirstBox } from "../fakes/first-box.ts";
import type { Faults, RoundKind } from "./faults.ts";
import { isBudgetSpent } from "./liveness.ts";
import type { Mutant } from "./mutants.ts";
import { Simulation } from "./simulation.ts";
import { type Rule, Violation } from "./violation.ts";

export interface Outcome {
  readonly seed: number;
  readonly faults: Faults;
  /** Steps of the scheduler; all rules are checked after each of them. */
  readonly steps: number;
  readonly virtualSeconds: number;
  /** Final models in confirmed blocks. */
  readonly finals: number;
  readonly crashes: number;
  readonly reorganisations: number;
  /** With noise: whether as many sums were sealed as the plan allows. */
  readonly isBudgetSpent: boolean;
  /** A hash of the trace: equal for equal seeds. */
  readonly fingerprint: string;
  readonly failure: { readonly rule: Rule; readonly message: string; readonly trace: readonly string[] } | undefined;
}

/** @param kind as the mutant needs it, by default */
export async function runSeed(seed: number, mutant?: Mutant, kind: Partial<RoundKind> = {}): Promise<Outcome> {
  const isBucketed = kind.isBucketed ?? mutant?.isBucketed ?? false;
  const isNoisy = kind.isNoisy ?? mutant?.isNoisy ?? false;
  const isPrivate = isBucketed || isNoisy || (kind.isPrivate ?? mutant?.isPrivate ?? false);
  if (isPrivate) await makeFirstBox();
  const commitments = isPrivate ? useFastCommitments() : undefined;
  const simulation = await Simulation.prepare(seed, mutant, { isPrivate, isBucketed, isNoisy });
  let failure: Outcome["failure"];
  try {
    mutant?.plant?.(true);
    await simulation.run();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    failure = { rule: error.rule, message: error.message, trace: simulation.trace.last };
  } finally {
    mutant?.plant?.(false);
    commitments?.restore();
  }
  const { faults, steps, crashes, trace, time, chain, safety } = simulation;
  return {
    seed,
    faults,
    steps,
    crashes,
    failure,
    fingerprint: trace.fingerprint,
    virtualSeconds: time.now() / 1000,
    finals: safety.finals.size,
    reorganisations: chain.reorganisations,
    isBudgetSpent: isBudgetSpent(chain.confirmed.contract.state),
  };
}

/** The failure, its step, and the command that reproduces it. */
export function describeFailure({ seed, steps, virtualSeconds, failure, faults }: Outcome): string {
  if (!failure) return `seed ${seed}: every rule held`;
  const at = `step ${steps}, virtual second ${virtualSeconds.toFixed(3)}`;
  return `seed ${seed}: ${failure.message}\n  at ${at}; reproduce with: npm run test:sim -- ${optionOf(faults)}--seed ${seed}`;
}

function optionOf({ isPrivate, isBucketed, isNoisy }: RoundKind): string {
  if (isBucketed) return "--buckets ";
  if (isNoisy) return "--noise ";
  return isPrivate ? "--private " : "";
}

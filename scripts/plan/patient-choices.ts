// The plan's differential privacy from what was asked for: noise for an epsilon, and the training that goes with it.
import type { Plan } from "../../protocol/format/plan.ts";
import type { PatientPrivacy, PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { noiseFor } from "../../protocol/private/accountant.ts";
import { fewestPrivateUpdates } from "../../protocol/strategy/plan-faults.ts";
import { type PlanChoices, refuseOption } from "./plan-options.ts";

/** Patients of a hospital's step on average, where neither plan nor options say. */
const usualBatch = 16;
const usualRate = 0.25;
/** Of few rounds the noise over the sum is half of that at 0.1 (docs/privacy-accuracy.md); steps take three times as long. */
const usualSamplingRate = 0.3;
const usualDelta = 1e-5;
/** Above twice the root of the parameters of each preset, so that rounding adds little to a patient's part. */
const usualIntegerNorm = { compact: 512, standard: 1024, iv3: 4096 } as const;
/** Hospitals whose samples are larger than the plan's batch have room for so many times it. */
const clipRoom = 4;

/** What was asked for about noise, by option. */
export function noiseChoices(choices: PlanChoices): Partial<PlanChoices> {
  const { epsilon, noiseMultiplier, delta, samplingRate, patientClipNorm, integerNorm } = choices;
  const all = { epsilon, noiseMultiplier, delta, samplingRate, patientClipNorm, integerNorm };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Whether a plan without differential privacy is to have it. */
export function asksForNoise({ epsilon, noiseMultiplier, ...choices }: PlanChoices, start: Plan): boolean {
  const isPrivate = choices.private ?? start.privacy !== undefined;
  return isPrivate && (epsilon !== undefined || noiseMultiplier !== undefined);
}

/** The plan to start from, made one that can have differential privacy: a round is one step of plain SGD. */
export function withPatients(choices: PlanChoices, start: Plan): Plan {
  const { preset = start.model.preset, batchSize = usualBatch, learningRate = usualRate } = choices;
  const clipNorm = choices.patientClipNorm ?? learningRate / batchSize;
  const rounds = choices.rounds ?? start.rounds;
  const usual = { mode: "sum", largest: 2047, maxSeals: rounds + Math.ceil(rounds / 4) } as const;
  const patient: PatientPrivacy = {
    samplingRate: usualSamplingRate,
    clipNorm,
    integerNorm: usualIntegerNorm[preset],
    noiseMultiplier: 1,
    delta: usualDelta,
  };
  return {
    ...start,
    rounds,
    training: {
      ...start.training,
      localEpochs: 1,
      batchSize,
      optimiser: { name: "sgd", learningRate, momentum: 0, nesterov: false },
      schedule: "constant",
      classWeights: false,
      proximalMu: 0,
    },
    update: { ...start.update, clipNorm: clipRoom * clipNorm * batchSize },
    strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
    sampleCap: 1,
    minUpdates: Math.max(fewestPrivateUpdates, start.minUpdates),
    privacy: { ...usual, ...start.privacy, unitWeight: 1, patient },
  };
}

/** @throws OPTION_INVALID where no noise keeps the epsilon, or both it and the noise are given */
export function chosenNoise(
  choices: PlanChoices,
  before: PatientPrivacy,
  { maxSeals }: Pick<PrivacySpec, "maxSeals">,
  command: string,
): PatientPrivacy {
  const { epsilon, noiseMultiplier, delta, samplingRate, patientClipNorm, integerNorm } = choices;
  const own = { delta, samplingRate, clipNorm: patientClipNorm, integerNorm, noiseMultiplier };
  const chosen = { ...before, ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) };
  if (epsilon === undefined) return chosen;
  if (noiseMultiplier !== undefined)
    refuseOption("epsilon", "it decides --noise-multiplier: give one of them", command);
  const found = noiseFor(epsilon, { ...chosen, openings: maxSeals });
  if (found === undefined)
    refuseOption("epsilon", "no noise keeps it: plan for fewer rounds, or a smaller sample", command);
  return { ...chosen, noiseMultiplier: found };
}

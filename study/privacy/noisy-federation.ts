// A federation with differential privacy of each patient, through the parties' own step, clipping, rounding, noise, check of the
// noise and next model. Masks are left out: they come off a sum exactly, so models are the same without them.
import { sha256 } from "../../foundation/sha256.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import type { PatientStepRequest } from "../../protocol/learner.ts";
import { addNoise } from "../../protocol/private/noise.ts";
import { checkCanaries } from "../../protocol/private/patient-noise.ts";
import { layOutInput, partsOf } from "../../protocol/private/sum-layout.ts";
import { sumPlanOf } from "../../protocol/private/sum-plan.ts";
import { aggregateSum } from "../../protocol/strategy/aggregate-sum.ts";
import { memorySink, memorySource } from "../../protocol/update/byte-source.ts";
import { updateLayout } from "../../protocol/update/update-layout.ts";
import { placeName } from "../strategies/average-round.ts";

/** Hospitals that take steps over samples of their patients. Files are models' safetensors. */
export interface PatientLearner {
  readonly hospitals: number;
  /** The first model. */
  genesis(): Uint8Array;
  /** One hospital's integers before noise. */
  sumPatients(hospital: number, request: PatientStepRequest): Promise<Int32Array>;
}

export interface NoisyOptions {
  /** Of the secrets, which real hospitals take from their operating system. */
  readonly seed: number;
  /** false: the same steps without noise, to tell what the noise alone costs. */
  readonly isNoisy: boolean;
}

/**
 * Runs all rounds of the plan; every hospital is in every sum.
 * @returns the last model
 * @throws PRIVACY_NOT_PLANNED, ROUND_SPOILT, and what the learner throws
 */
export async function runNoisy(
  learner: PatientLearner,
  plan: Plan,
  { seed, isNoisy }: NoisyOptions,
): Promise<Uint8Array> {
  const { hospitals } = learner;
  let model = learner.genesis();
  for (let round = 1; round <= plan.rounds; round++) {
    const context = { chainId: 1, contract: placeName(seed), round: round as RoundId };
    const { coordinates: parameters } = updateLayout(parseSafetensorsHeader(model, model.byteLength), plan);
    const { layout, largest, noise, coordinates } = sumPlanOf(plan, { hospitals, parameters });
    const sum = new Int32Array(coordinates);
    for (let hospital = 0; hospital < hospitals; hospital++) {
      const secretOf = (purpose: string) => sha256(`${purpose}/${seed}/${hospital}`);
      const coins = { secret: secretOf("coins"), context };
      const request = { plan, round: context.round, base: model, coins };
      const integers = await learner.sumPatients(hospital, request);
      const input = layOutInput(layout, { integers, histogram: undefined }, largest);
      if (noise && isNoisy) addNoise(input, { variance: noise.variance, secret: secretOf("mask"), context });
      for (let index = 0; index < coordinates; index++) sum[index] = sum[index]! + input[index]!;
      await new Promise(setImmediate);
    }
    const { integers, canaries } = partsOf(sum, layout);
    if (noise && isNoisy) checkCanaries(canaries, noise, hospitals);
    const noiseStdDev = (noise?.stdDev ?? 0) * Math.sqrt(hospitals);
    const weighted = { integers, unitWeight: 1, totalWeight: hospitals, updates: hospitals, largest, noiseStdDev };
    const sink = memorySink();
    await aggregateSum({ plan, base: memorySource(model), sum: weighted, memberCount: hospitals }, sink);
    model = sink.bytes();
  }
  return model;
}

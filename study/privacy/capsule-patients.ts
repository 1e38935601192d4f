// Hospitals of the study of privacy with the project's network: steps and scores by the code of a hospital's trainer process.
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { windowChannels } from "../../imaging/volume/intensity.ts";
import { genesisWeights, openTrainer } from "../../model/training/trainer.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import { zeroDigest } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import type { PatientLearner } from "./noisy-federation.ts";
import { type SyntheticPatient, side } from "./population.ts";

/** The patients' scans in the lung window, as a trainer reads a shard. */
export function scansOf(patients: readonly SyntheticPatient[]): TrainingSet {
  const pixels = patients.map(({ hu }) => windowChannels(Float32Array.from(hu), ["lung"]));
  return {
    scans: patients.map(({ label, geometry }, index) => ({ patient: String(index), label, slices: geometry.slices })),
    ...{ height: side, width: side, channels: 1 },
    read: (index) => pixels[index]!,
  };
}

/** @param plan gives model and seed of the first weights */
export function capsulePatients(shards: readonly TrainingSet[], plan: Plan): PatientLearner {
  const trainers = shards.map(trainerOf);
  return {
    hospitals: shards.length,
    genesis: () => genesisWeights(plan),
    sumPatients: async (hospital, request) => (await trainers[hospital]!.sumPatients(request)).integers,
  };
}

/** Scores of patients by a model of the project's network. */
export async function capsuleScores(model: Uint8Array, scans: TrainingSet, plan: Plan): Promise<Prediction[]> {
  return [...(await trainerOf(scans).predict({ plan, model, split: "test" }))];
}

function trainerOf(scans: TrainingSet) {
  const { length } = scans.scans;
  return openTrainer({
    shard: async () => ({ root: zeroDigest, quarantine: zeroDigest, trainScans: length }),
    split: async () => scans,
  });
}

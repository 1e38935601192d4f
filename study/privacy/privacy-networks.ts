// The two networks of the study of privacy, each as hospitals that can train plainly or in steps with noise.
import { areaUnderCurve, type Prediction } from "../../foundation/statistics/scores.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import type { Learner } from "../strategies/attacked-federation.ts";
import { densityHistogram, type Scan } from "../strategies/lung-histograms.ts";
import { smallLearner } from "../strategies/small-learner.ts";
import { histogramPatients, histogramScores } from "./histogram-patients.ts";
import type { PatientLearner } from "./noisy-federation.ts";
import { type SyntheticPatient, side, slices } from "./population.ts";

/** Hospitals of one seed. */
export interface PrivacyHospitals {
  /** @param plan of the steps; gives the network too */
  steps(plan: Plan): PatientLearner;
  /** The same hospitals, or the first one alone, training plainly. */
  plain(which: "all" | "first"): Learner;
  /** Of the test patients. */
  scores(model: Uint8Array): Promise<readonly Prediction[]>;
}

/** How a network takes its steps with noise. Chosen on patients of other seeds than the study's. */
export interface StepSettings {
  readonly rounds: number;
  /** The chance of a patient to be in a step. */
  readonly samplingRate: number;
  /** On the mean of the sample's clipped gradients. */
  readonly learningRate: number;
  /** The largest norm of a patient's gradient. */
  readonly gradientNorm: number;
}

export interface PrivacyNetwork {
  readonly title: string;
  readonly parameters: number;
  readonly steps: StepSettings;
  /** Of the plain federation. */
  readonly plainRounds: number;
  readonly clipNorm: number;
  /** What the plans of steps have for a model. */
  readonly input: { readonly height: number; readonly width: number; readonly slices: number };
  hospitals(
    shards: readonly (readonly SyntheticPatient[])[],
    test: readonly SyntheticPatient[],
    seed: number,
  ): Promise<PrivacyHospitals>;
}

export const privacyNetworkNames = ["histograms", "capsules"] as const;
export type PrivacyNetworkName = (typeof privacyNetworkNames)[number];

/** Of a hospital in a round of the plain federation on histograms. */
const plainEpochs = 2;
/** Of the plain federation of capsules, of the default plan's local epochs. */
const capsuleRounds = 4;
const input = { height: side, width: side, slices };

export const privacyNetworks: Readonly<Record<PrivacyNetworkName, PrivacyNetwork>> = {
  histograms: {
    title: "a network of one hidden layer on lung-density histograms",
    parameters: 2401,
    steps: { rounds: 30, samplingRate: 0.3, learningRate: 1, gradientNorm: 0.5 },
    plainRounds: 10,
    clipNorm: 8,
    input,
    async hospitals(patients, testPatients, seed) {
      const scans = (some: readonly SyntheticPatient[]) =>
        some.map((patient): Scan => ({ label: patient.label, input: densityHistogram(patient) }));
      const [shards, test] = [patients.map(scans), scans(testPatients)];
      return {
        steps: () => histogramPatients(shards, seed),
        plain: (which) =>
          smallLearner(which === "all" ? shards : shards.slice(0, 1), test, { seed, localEpochs: plainEpochs }),
        scores: async (model) => histogramScores(model, test),
      };
    },
  },
  capsules: {
    title: "the compact capsule network",
    parameters: 18_180,
    steps: { rounds: 100, samplingRate: 0.1, learningRate: 0.3, gradientNorm: 1.5 },
    plainRounds: capsuleRounds,
    clipNorm: 8,
    input,
    async hospitals(patients, testPatients, seed) {
      // Loaded here, since TensorFlow takes a second to load.
      const { capsulePatients, capsuleScores, scansOf } = await import("./capsule-patients.ts");
      const { capsuleLearner } = await import("../strategies/capsule-learner.ts");
      const [shards, test] = [patients.map(scansOf), scansOf(testPatients)];
      const usual = defaultPlan({ preset: "compact", seed, rounds: capsuleRounds, ...input });
      const plan: Plan = { ...usual, training: { ...usual.training, augmentation: false, batchSize: 4 } };
      const scores = (model: Uint8Array) => capsuleScores(model, test, plan);
      return {
        steps: (stepPlan) => capsulePatients(shards, stepPlan),
        plain: (which) => ({
          ...capsuleLearner({ shards: which === "all" ? shards : shards.slice(0, 1), validation: test, test }, plan),
          score: async (model) => ({ auc: areaUnderCurve(await scores(model)).value, balancedAccuracy: Number.NaN }),
        }),
        scores,
      };
    },
  },
};

// Options of a cross-validation.

export const methodNames = ["majority", "logistic", "cnn", "compact", "federated", "alone", "shuffled"] as const;

export interface CrossOptions {
  readonly rows: readonly (typeof methodNames)[number][];
  readonly seed: number;
  /** Pixels and slices of what the capsules see. */
  readonly side: number;
  readonly slices: number;
  readonly normalisation: "none" | "group" | "batch-local";
  /** Whether networks train on mirror images too and score by both. */
  readonly mirror: boolean;
  readonly rounds: number;
  readonly localEpochs: number;
  readonly batch: number;
  /** Trainings of each method, whose scores are averaged. */
  readonly trainings: number;
  readonly learningRate: number;
  readonly hospitals: number;
  /** equal, scanner, size or dirichlet:ALPHA */
  readonly partition: string;
  /** Pixels and epochs of the plain CNN. */
  readonly cnnSide: number;
  readonly cnnEpochs: number;
}

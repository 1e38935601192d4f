// Options of a cross-validation, beside the capsules' plan.

export const methodNames = [
  "majority",
  "logistic",
  "cnn",
  "compact",
  "standard",
  "federated",
  "alone",
  "shuffled",
] as const;

/** Without the larger network, which takes several times as long as compact. */
export const defaultMethods = methodNames.filter((name) => name !== "standard");

export interface CrossOptions {
  readonly rows: readonly (typeof methodNames)[number][];
  /** Trainings of each method, whose scores are averaged. */
  readonly trainings: number;
  /** The round of the capsules that is scored: the best one of the validation patients, or the last one. */
  readonly stop: "best" | "last";
  readonly hospitals: number;
  /** equal, scanner, size or dirichlet:ALPHA */
  readonly partition: string;
  /** Pixels and epochs of the plain CNN. */
  readonly cnnSide: number;
  readonly cnnEpochs: number;
}

// The rules that the simulator checks, and the error for a broken one.

export type Rule =
  /** A final model in a confirmed block changed. */
  | "final-changed"
  /** A final model is not the average of its updates on its base, or includes an invalid one. */
  | "final-wrong"
  | "proposed-wrong"
  | "agreed-to-wrong"
  /** A party left out a valid update that it had. */
  | "left-out-held"
  /** A round that began after the faults left out an honest update. */
  | "left-out-without-faults"
  /** A hospital signed two statements for one round. */
  | "signed-twice"
  /** An honest hospital's update went into two models. */
  | "counted-twice"
  /** A party sent a write whose effect it had already read from the chain. */
  | "repeated-write"
  | "acted-while-revoked"
  | "expired-early"
  | "announced-too-early"
  /** A hospital committed to an update, or adopted a model, that is not in its store. */
  | "committed-without-object"
  | "adopted-not-final"
  | "trained-from-not-final"
  /** Base, seed and residual give another update. */
  | "update-not-reproducible"
  | "residual-lost"
  /** A hospital published one prekey for two rounds. */
  | "prekey-reused"
  /** An honest hospital's input is in two sealed sums. */
  | "sealed-twice"
  /** A hospital that has committed has lost the secret of its mask, while its round runs. */
  | "secret-lost"
  /** A hospital opened something else than the sum of right shares of the sealed set. */
  | "opened-wrong"
  /** A hospital opened the sum of a bucket with too few sealed hospitals. */
  | "opened-small"
  /** A hospital drew the coins of a round's patients twice. */
  | "coins-redrawn"
  /** A hospital masked two inputs, or one with two noises, for one round. */
  | "masked-twice"
  /** A sum is not one of updates and their noise, though no liar spoils sums. */
  | "sum-spoilt"
  /** More sums were sealed than the plan allows. */
  | "budget-exceeded"
  /** A party asked for a round although it had read that the budget is spent. */
  | "opened-beyond-budget"
  /** The code threw an error that is not a FedError. */
  | "unexpected-error"
  /** No new round became final after all faults had stopped. */
  | "no-progress";

export class Violation extends Error {
  readonly rule: Rule;

  constructor(rule: Rule, facts: Readonly<Record<string, unknown>> = {}) {
    const listed = Object.entries(facts).map(([name, value]) => `${name}=${String(value)}`);
    super([rule, ...listed].join(" "));
    this.name = "Violation";
    this.rule = rule;
  }
}

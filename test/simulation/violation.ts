// What the simulator finds: a rule that did not hold, for whom, and what shows it.

export type Rule =
  /** A final model of a settled block is another one later. */
  | "final-changed"
  /** A final model is not the average of its updates on its base, or one of them is invalid. */
  | "final-wrong"
  | "proposed-wrong"
  | "agreed-to-wrong"
  /** A valid update was left out by somebody who had it. */
  | "left-out-unseen"
  /** Work that was done before all faults had stopped left an honest update out. */
  | "left-out-in-calm"
  /** A hospital signed two statements for one round. */
  | "signed-twice"
  /** An update of an honest hospital went into two models. */
  | "counted-twice"
  /** A party did what it had seen done. */
  | "done-twice"
  | "acted-while-revoked"
  | "expired-early"
  | "announced-before-done"
  /** A hospital committed to what it does not hold. */
  | "committed-unheld"
  | "adopted-not-final"
  | "trained-from-not-final"
  /** An update is not what base, seed and residual make. */
  | "update-not-reproducible"
  | "residual-lost"
  /** A store holds other bytes than its digests say. */
  | "stored-wrong"
  /** The code threw something else than a FedError. */
  | "broke"
  /** The federation stood still after all faults had stopped. */
  | "stood-still";

export class Violation extends Error {
  readonly rule: Rule;

  constructor(rule: Rule, facts: Readonly<Record<string, unknown>> = {}) {
    const listed = Object.entries(facts).map(([name, value]) => `${name}=${String(value)}`);
    super([rule, ...listed].join(" "));
    this.name = "Violation";
    this.rule = rule;
  }
}

// Deals patients to folds: each patient is held out exactly once, and classes are spread evenly over the folds.

import { FedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import type { Split } from "../../protocol/learner.ts";

interface Patient {
  readonly patient: string;
  readonly label: 0 | 1;
}

/** Share of a fold's training patients that choose its threshold and stopping point. */
const validationShare = 0.15;

/**
 * For each fold what each patient is to it: `test` for those held out, and of the others every class's share to `validation`.
 * Decided by seed and patient alone, so that the order of the scans changes nothing.
 * @throws FOLDS_TOO_MANY where a class has fewer than two patients a fold: one has no variance, and without it no
 * area has an interval; or where it leaves a fold none to learn from
 */
export function dealFolds(
  patients: readonly Patient[],
  { folds, seed }: { readonly folds: number; readonly seed: number },
): ReadonlyMap<string, Split>[] {
  const dealt = Array.from({ length: folds }, () => new Map<string, Split>());
  const labels = new Map(patients.map(({ patient, label }) => [patient, label]));
  for (const label of [0, 1] as const) {
    const own = [...labels].filter(([, each]) => each === label).map(([patient]) => patient);
    const order = shuffled(own, [seed, "folds"]);
    for (const [fold, parts] of dealt.entries()) {
      // The second class is dealt in reverse order, so that no fold gets the extra patient of both classes.
      const isHeldOut = (place: number) => place % folds === (label === 0 ? fold : folds - 1 - fold);
      const others = order.filter((_, place) => !isHeldOut(place));
      const choosing = Math.max(1, Math.round(validationShare * others.length));
      if (own.length < 2 * folds || others.length - choosing < 1) {
        const remedy = "take fewer folds, or an archive with more patients of each class";
        throw new FedError("FOLDS_TOO_MANY", { folds, label, patients: own.length }, { remedy });
      }
      for (const patient of order) parts.set(patient, "test");
      for (const [place, patient] of shuffled(others, [seed, "validation", fold]).entries()) {
        parts.set(patient, place < choosing ? "validation" : "train");
      }
    }
  }
  return dealt;
}

function shuffled(patients: readonly string[], purpose: readonly (string | number)[]): string[] {
  const lot = (patient: string) => sha256(JSON.stringify([...purpose, patient]));
  return [...patients].sort((a, b) => Buffer.compare(lot(a), lot(b)));
}

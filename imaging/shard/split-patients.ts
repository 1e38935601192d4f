// Splits patients into train, validation and test: the same share of each class, decided by seed and pseudonym alone, so
// that the same archive always splits the same way.

import { FedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import type { Label } from "../source/class-names.ts";

/** A part of a shard; a patient is in exactly one. */
export type SplitName = "train" | "validation" | "test";
export type SplitShares = Readonly<Record<SplitName, number>>;

export const defaultShares: SplitShares = { train: 0.7, validation: 0.15, test: 0.15 };

/**
 * @param kept patients whose split is already decided; the others fill what is left of each class's shares
 * @throws SPLIT_SHARES if the shares are not three numbers of 0 to 1 that sum to 1
 */
export function splitPatients(
  patients: readonly { readonly patient: string; readonly label: Label }[],
  { seed, shares = defaultShares }: { seed: number; shares?: SplitShares },
  kept: ReadonlyMap<string, SplitName> = new Map(),
): ReadonlyMap<string, SplitName> {
  checkShares(shares);
  const splits = new Map<string, SplitName>();
  for (const label of [0, 1] as const) {
    const ofClass = patients.filter((one) => one.label === label).map(({ patient }) => patient);
    const left = { test: held(ofClass.length, shares.test), validation: held(ofClass.length, shares.validation) };
    for (const patient of ofClass) {
      const split = kept.get(patient);
      if (!split) continue;
      splits.set(patient, split);
      if (split !== "train") left[split]--;
    }
    const undecided = ofClass.filter((patient) => !splits.has(patient));
    for (const patient of undecided.sort((a, b) => Buffer.compare(lot(seed, a), lot(seed, b)))) {
      const split = left.test > 0 ? "test" : left.validation > 0 ? "validation" : "train";
      splits.set(patient, split);
      if (split !== "train") left[split]--;
    }
  }
  return splits;
}

/** @throws SPLIT_SHARES if the shares are not three numbers of 0 to 1 that sum to 1 */
export function checkShares(shares: SplitShares): void {
  const sum = shares.train + shares.validation + shares.test;
  if (Math.min(shares.train, shares.validation, shares.test) >= 0 && Math.abs(sum - 1) <= 1e-6) return;
  throw new FedError("SPLIT_SHARES", { ...shares });
}

/** Number of held-out patients, rounded; at least one for a class of three or more. */
function held(patients: number, share: number): number {
  return share === 0 ? 0 : Math.max(patients >= 3 ? 1 : 0, Math.round(patients * share));
}

function lot(seed: number, patient: string): Uint8Array {
  return sha256(JSON.stringify([seed, "split", patient]));
}

// Which patients are learned from, which choose the model, and which only test it: by patient, the same share of each
// class, decided by seed and pseudonym alone, so that the same archive always splits the same way.
import { sha256 } from "../../protocol/digest.ts";
import { FedError } from "../../protocol/errors.ts";
import type { Label } from "./labels.ts";

export type SplitName = "train" | "validation" | "test";
export type SplitShares = Readonly<Record<SplitName, number>>;

export const defaultShares: SplitShares = { train: 0.7, validation: 0.15, test: 0.15 };

/** @throws FedError SPLIT_SHARES where the shares are not three numbers of 0 to 1 that sum to 1 */
export function splitPatients(
  patients: readonly { readonly patient: string; readonly label: Label }[],
  { seed, shares = defaultShares }: { seed: number; shares?: SplitShares },
): ReadonlyMap<string, SplitName> {
  const sum = shares.train + shares.validation + shares.test;
  if (!(Math.min(shares.train, shares.validation, shares.test) >= 0) || Math.abs(sum - 1) > 1e-6) {
    throw new FedError(
      "SPLIT_SHARES",
      { ...shares },
      { remedy: "give three shares that sum to 1, as in 0.7,0.15,0.15" },
    );
  }
  const splits = new Map<string, SplitName>();
  for (const label of [0, 1] as const) {
    const ofClass = patients.filter((one) => one.label === label).map(({ patient }) => patient);
    const drawn = ofClass.sort((a, b) => Buffer.compare(lot(seed, a), lot(seed, b)));
    // Held-out patients are rounded to the nearest; a class of three or more has one in each.
    const held = (share: number) =>
      share === 0 ? 0 : Math.max(drawn.length >= 3 ? 1 : 0, Math.round(drawn.length * share));
    const test = held(shares.test);
    const validation = held(shares.validation);
    for (const [index, patient] of drawn.entries()) {
      splits.set(patient, index < test ? "test" : index < test + validation ? "validation" : "train");
    }
  }
  return splits;
}

function lot(seed: number, patient: string): Uint8Array {
  return sha256(JSON.stringify([seed, "split", patient]));
}

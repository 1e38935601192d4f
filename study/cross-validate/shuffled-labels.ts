// Labels dealt anew over the patients: a control, from which nothing can be learned.
import { sha256 } from "../../foundation/sha256.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { Method } from "./method.ts";

/** The same number of each class, on other patients. */
export function withShuffledLabels(set: TrainingSet, seed: number): TrainingSet {
  const labels = new Map(set.scans.map(({ patient, label }) => [patient, label]));
  const patients = [...labels.keys()].sort();
  const lot = (patient: string) => sha256(JSON.stringify([seed, "shuffle-labels", patient]));
  const order = [...patients].sort((a, b) => Buffer.compare(lot(a), lot(b)));
  const shuffled = new Map(patients.map((patient, place) => [patient, labels.get(order[place]!) as 0 | 1]));
  return { ...set, scans: set.scans.map((scan) => ({ ...scan, label: shuffled.get(scan.patient) as 0 | 1 })) };
}

/** The method with the labels of training shuffled; the held-out patients keep theirs. It must be at chance. */
export function shuffledLabels(method: Method): Method {
  return {
    name: "shuffled",
    title: `${method.title}, labels of training shuffled`,
    settings: { ...method.settings, of: method.name },
    run: ({ train, validation, test }, seed, options) =>
      method.run(
        { train: withShuffledLabels(train, seed), validation: withShuffledLabels(validation, seed), test },
        seed,
        options,
      ),
  };
}

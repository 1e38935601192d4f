// Deals the patients of a fold to hospitals as a simulation deals a shard.
import { dealPatients, type PartitionOptions } from "../../imaging/shard/deal-patients.ts";
import type { ScanRecord } from "../../imaging/shard/shard-format.ts";
import type { Split } from "../../protocol/learner.ts";
import type { Deal } from "./capsules.ts";
import type { FoldSets } from "./method.ts";
import { subset } from "./resized-set.ts";

/**
 * Held-out patients are dealt too, since their hospital's local weights (FedBN) score them.
 * @throws its result throws FedError PATIENTS_TOO_FEW, PARTITION_OPTIONS
 */
export function hospitalFolds(
  records: readonly ScanRecord[],
  hospitals: number,
  partition: Omit<PartitionOptions, "seed">,
): Deal {
  return (sets, seed) => {
    const found = new Map<string, { split: Split; label: 0 | 1 }>();
    for (const split of ["train", "validation", "test"] as const) {
      for (const { patient, label } of sets[split].scans) found.set(patient, { split, label });
    }
    const onePerPatient = new Map(records.map((record) => [record.patient, record]));
    const scans = [...onePerPatient.values()].flatMap((record) => {
      const now = found.get(record.patient);
      return now ? [{ ...record, ...now }] : [];
    });
    return dealPatients(scans, hospitals, { ...partition, seed }).map((own): FoldSets => {
      const patients = new Set(own.map(({ patient }) => patient));
      const of = (split: Split) => subset(sets[split], (patient) => patients.has(patient));
      return { train: of("train"), validation: of("validation"), test: of("test") };
    });
  };
}

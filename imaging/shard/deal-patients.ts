// Decides which hospital gets which patient. Hospitals differ as asked, but each gets training patients of both classes if
// the numbers allow.

import { FedError } from "../../foundation/errors.ts";
import { seededIntegers } from "../../foundation/random.ts";
import { sha256 } from "../../foundation/sha256.ts";
import type { ScanRecord } from "./shard-format.ts";

export interface PartitionOptions {
  /**
   * equal: the same number and classes. dirichlet: shares of each class from Dirichlet(alpha) (Hsu, Qi and Brown 2019,
   * "Measuring the effects of non-identical data distribution"): a small alpha gives different hospitals. scanner: each
   * hospital has patients of few scanners. size: the same classes, numbers falling from one hospital to the next.
   */
  readonly kind: "equal" | "dirichlet" | "scanner" | "size";
  /** Of dirichlet; default 1. */
  readonly alpha?: number;
  readonly seed: number;
}

/** What a deal looks at; facts only where it goes by scanner. */
type DealtScan = Pick<ScanRecord, "patient" | "label" | "split"> & { readonly facts?: ScanRecord["facts"] };

/** @throws PATIENTS_TOO_FEW, PARTITION_OPTIONS */
export function dealPatients<Scan extends DealtScan>(
  scans: readonly Scan[],
  hospitals: number,
  options: PartitionOptions,
): Scan[][] {
  if (!Number.isInteger(hospitals) || hospitals < 1) {
    throw new FedError("PARTITION_OPTIONS", { hospitals }, { remedy: "deal to one hospital or more" });
  }
  if (options.alpha !== undefined && !(options.alpha > 0)) {
    throw new FedError("PARTITION_OPTIONS", { alpha: options.alpha }, { remedy: "alpha must be above 0" });
  }
  const deal: Scan[][] = Array.from({ length: hospitals }, () => []);
  const shuffled = [...scans].sort((a, b) => Buffer.compare(lot(options.seed, a), lot(options.seed, b)));
  const next = seededIntegers(options.seed, "partition", options.kind);
  // Each split and class is divided on its own, so that held-out patients resemble training patients.
  const shares = [0, 1].map(() => sharesOf(hospitals, options, next));
  let turn = 0;
  for (const split of ["train", "validation", "test"] as const) {
    for (const label of [0, 1] as const) {
      const group = shuffled.filter((scan) => scan.split === split && scan.label === label);
      if (options.kind === "scanner") group.sort((a, b) => compareText(scannerOf(a), scannerOf(b)));
      const counts = apportion(group.length, shares[label]!, turn);
      turn += group.length;
      let from = 0;
      for (const [hospital, count] of counts.entries()) {
        deal[hospital]!.push(...group.slice(from, from + count));
        from += count;
      }
    }
  }
  level(deal);
  const smallest = Math.min(...deal.map(trainingPatients));
  if (smallest < 1) {
    const facts = { hospitals, trainingPatients: scans.filter(({ split }) => split === "train").length };
    throw new FedError("PATIENTS_TOO_FEW", facts, { remedy: "take fewer hospitals, or an archive with more patients" });
  }
  return deal.map((own) => own.sort((a, b) => compareText(a.patient, b.patient)));
}

function sharesOf(hospitals: number, { kind, alpha = 1 }: PartitionOptions, next: () => number): number[] {
  if (kind === "size") return normalised(Array.from({ length: hospitals }, (_, index) => 1 / (index + 1)));
  if (kind !== "dirichlet") return normalised(Array.from({ length: hospitals }, () => 1));
  return normalised(Array.from({ length: hospitals }, () => gamma(alpha, () => (next() + 0.5) / 2 ** 32)));
}

function normalised(values: readonly number[]): number[] {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => (sum > 0 ? value / sum : 1 / values.length));
}

/** A draw from Gamma(shape, 1): Marsaglia and Tsang 2000; below 1 by Gamma(shape + 1) times a power of a uniform. */
function gamma(shape: number, uniform: () => number): number {
  if (shape < 1) return gamma(shape + 1, uniform) * uniform() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Integers that sum to `total`, by largest remainder; ties go to hospitals in turn, beginning with `turn`. */
function apportion(total: number, shares: readonly number[], turn: number): number[] {
  const counts = shares.map((share) => Math.floor(share * total));
  const order = [...shares.keys()].sort((a, b) => {
    const difference = shares[b]! * total - counts[b]! - (shares[a]! * total - counts[a]!);
    const place = (index: number) => (index - (turn % shares.length) + shares.length) % shares.length;
    return Math.abs(difference) > 1e-9 ? difference : place(a) - place(b);
  });
  let left = total - counts.reduce((sum, count) => sum + count, 0);
  for (const index of order) {
    if (left === 0) break;
    counts[index]!++;
    left--;
  }
  return counts;
}

/** Moves a training patient of each class, and held-out patients, to hospitals without, from the one with the most. */
function level<Scan extends DealtScan>(deal: Scan[][]): void {
  const needs: readonly ((scan: DealtScan) => boolean)[] = [
    ({ split, label }) => split === "train" && label === 0,
    ({ split, label }) => split === "train" && label === 1,
    ({ split }) => split === "validation",
    ({ split }) => split === "test",
  ];
  for (const isNeeded of needs) {
    for (const poor of deal) {
      if (poor.some(isNeeded)) continue;
      const own = (scans: readonly Scan[]) => scans.filter(isNeeded);
      const rich = deal.reduce((best, other) => (own(other).length > own(best).length ? other : best));
      const given = own(rich).at(-1);
      if (!given || own(rich).length < 2) continue;
      rich.splice(rich.indexOf(given), 1);
      poor.push(given);
    }
  }
}

function trainingPatients(scans: readonly DealtScan[]): number {
  return scans.filter(({ split }) => split === "train").length;
}

function scannerOf({ facts }: DealtScan): string {
  return `${facts?.manufacturer}/${facts?.model}`;
}

function lot(seed: number, { patient }: DealtScan): Uint8Array {
  return sha256(JSON.stringify([seed, "deal", patient]));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

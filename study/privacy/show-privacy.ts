// The study of privacy as a table, sentences and the lines of a chart.
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { showEpsilon } from "../../protocol/private/privacy-cost.ts";
import { nameOf, type PrivacyCell, type Training } from "./privacy-study.ts";

/** Header and rows: a row for each number of patients and hospitals, AUC with its 95 % interval for each training. */
export function privacyTable(cells: readonly PrivacyCell[]): [header: string[], rows: string[][]] {
  const columns = [...new Set(cells.map(({ training }) => nameOf(training)))];
  const rows = placesOf(cells).map(({ patients, hospitals }) => [
    String(patients),
    String(hospitals),
    ...columns.map((name) => areaText(cells.find((cell) => isAt(cell, { patients, hospitals }, name))!.auc)),
  ]);
  return [["patients", "hospitals", ...columns], rows];
}

/** Header and rows: what each epsilon's noise is, and what the rounds spend of it. */
export function costTable(cells: readonly PrivacyCell[]): [header: string[], rows: string[][]] {
  const noisy = new Map(cells.flatMap(({ training, cost }) => (cost ? [[nameOf(training), cost] as const] : [])));
  const rows = [...noisy].map(([name, { openings, samplingRate, noiseMultiplier, epsilon, delta }]) => [
    ...[name, String(openings), String(samplingRate), String(noiseMultiplier), showEpsilon(epsilon), String(delta)],
  ]);
  return [["", "rounds", "sampling rate", "noise z", "epsilon spent", "delta"], rows];
}

/** A sentence for each row of the table and each epsilon; none from one seed, which gives no interval. */
export function privacySentences(cells: readonly PrivacyCell[]): string[] {
  return cells.flatMap(({ training, patients, hospitals, overPlain, overAlone }) => {
    if (typeof training !== "object" || Number.isNaN(overAlone.high)) return [];
    const differences = `${signed(overPlain)} of AUC against federated averaging, ${signed(overAlone)} against one hospital alone`;
    return [
      `${nameOf(training)}, ${patients} patients, ${hospitals} hospitals: ${differences} (${verdict(overAlone)}).`,
    ];
  });
}

/** Whether the noisy federation gives a hospital more than it has alone, without any noise. */
function verdict({ low, high }: Estimate): "useful" | "not useful" | "undecided" {
  if (low > 0) return "useful";
  return high < 0 ? "not useful" : "undecided";
}

/** AUC by patients, a line for each training of so many hospitals. */
export function privacyLines(cells: readonly PrivacyCell[], hospitals: number) {
  const own = cells.filter((cell) => cell.hospitals === hospitals);
  const trainings: Training[] = [...new Map(own.map(({ training }) => [nameOf(training), training])).values()];
  return trainings.map((training) => ({
    name: nameOf(training),
    dashed: typeof training !== "object",
    points: own
      .filter((cell) => nameOf(cell.training) === nameOf(training))
      .map(({ patients, auc: { value, low, high } }) => ({ x: patients, y: value, low, high })),
  }));
}

function placesOf(cells: readonly PrivacyCell[]): Pick<PrivacyCell, "patients" | "hospitals">[] {
  const [first] = cells;
  return cells.filter(({ training }) => nameOf(training) === nameOf(first!.training));
}

function isAt(cell: PrivacyCell, place: Pick<PrivacyCell, "patients" | "hospitals">, name: string): boolean {
  return cell.patients === place.patients && cell.hospitals === place.hospitals && nameOf(cell.training) === name;
}

function areaText({ value, low, high }: Estimate): string {
  const text = value.toFixed(3);
  return Number.isNaN(low) ? text : `${text} [${low.toFixed(3)}, ${Math.min(1, high).toFixed(3)}]`;
}

function signed({ value, low, high }: Estimate): string {
  const text = (each: number) => `${each > 0 ? "+" : ""}${each.toFixed(3)}`;
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}

// Differences between the rows of a cross-validation over the same patients, and what they mean in a sentence.
import { meanInterval } from "../../foundation/statistics/mean-interval.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { type CrossRow, difference } from "../../study/cross-validate/run.ts";
import { showEstimate } from "../terminal/show-estimate.ts";

/** The loss of AUC that would not matter: a row whose interval stays above it is not worse. */
const margin = 0.02;

export interface Comparison {
  readonly row: string;
  readonly against: string;
  /** Mean over the folds of the first area minus the second; paired, DeLong 1988. */
  readonly difference: Estimate;
  readonly verdict: "above" | "not worse by the margin" | "undecided" | "below";
}

/** The federation against pooling and each hospital alone; the capsules against the CNN and the logistic regression, the larger also against the smaller. */
export function comparisons(rows: readonly CrossRow[]): Comparison[] {
  const named = (wanted: (name: string) => boolean) => rows.filter(({ name }) => wanted(name));
  const against = (first: string, wanted: (name: string) => boolean) =>
    named((name) => name === first).flatMap((row) => named(wanted).map((other) => compared(row, other)));
  const isPlain = (name: string) => name === "cnn" || name === "logistic";
  return [
    ...against("federated", (name) => name === "compact" || name.startsWith("alone-")),
    ...against("compact", isPlain),
    ...against("standard", (name) => name === "compact" || isPlain(name)),
    ...against("federated", isPlain),
  ];
}

function compared(row: CrossRow, other: CrossRow): Comparison {
  const found = difference(row, other);
  return { row: row.title, against: other.title, difference: found, verdict: verdictOf(found) };
}

function verdictOf({ low, high }: Estimate): Comparison["verdict"] {
  if (low > 0) return "above";
  if (high < 0) return "below";
  return low > -margin ? "not worse by the margin" : "undecided";
}

const verdicts: Readonly<Record<Comparison["verdict"], string>> = {
  above: "above",
  below: "below",
  "not worse by the margin": `not worse by ${margin} or more`,
  undecided: `equal within the interval, which does not exclude a loss of ${margin}`,
};

export function comparisonLine({ row, against, difference, verdict }: Comparison): string {
  const sign = difference.value >= 0 ? "+" : "";
  return `${row}: ${sign}${showEstimate(difference, 3, 3)} beside the ${against}: ${verdicts[verdict]}.`;
}

/**
 * Whether the control of shuffled labels is at chance, by how its folds differ: a network that learned nothing still orders
 * the patients, by whatever its first weights see, so that a fold's area can be far from 0.5 either way, and intervals over
 * patients do not hold that. Undefined without the row.
 */
export function controlLine(rows: readonly CrossRow[]): string | undefined {
  const control = rows.find(({ name }) => name === "shuffled");
  if (!control) return undefined;
  const found = meanInterval(control.foldAucs);
  const isAtChance = !(found.low > 0.5 || found.high < 0.5);
  const verdict = isAtChance ? "at chance" : "not at chance: something other than the labels decides";
  return `${control.title}: ${showEstimate(found, 3, 2)} by the spread of its folds (Student's t): ${verdict}.`;
}

const outcomes: Readonly<Record<Comparison["verdict"], string>> = {
  above: "Federated training has a higher AUC than pooled training",
  "not worse by the margin": `Federated training loses less than ${margin} of AUC to pooled training`,
  undecided: "These patients do not decide whether federated training loses AUC to pooled training",
  below: "Federated training loses AUC to pooled training",
};

/** What the table says of the federation, and what it cannot say; undefined without both rows. */
export function conclusion(rows: readonly CrossRow[], patients: number): string | undefined {
  const [pooled, federated] = ["compact", "federated"].map((wanted) => rows.find(({ name }) => name === wanted));
  if (!pooled || !federated) return undefined;
  const found = compared(federated, pooled);
  const alone = rows.filter(({ name }) => name.startsWith("alone-"));
  const beaten = alone.filter((row) => verdictOf(difference(federated, row)) === "above").length;
  const gained = alone.length === 0 ? "" : ` It is above ${beaten} of ${alone.length} hospitals alone.`;
  return (
    `${outcomes[found.verdict]}: ${showEstimate(found.difference, 3, 3)}.${gained} This holds for ${patients} patients of one source, one dealing into folds ` +
    "and hospitals, and one seed; it says nothing of other scanners, other patients, or use in a clinic."
  );
}

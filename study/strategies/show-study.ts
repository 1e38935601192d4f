// The study as tables, and as sentences that follow from the intervals.
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import type { Setup } from "./setups.ts";
import type { AttackCell, FormatRow } from "./study.ts";

/** Header and rows. */
export type Cells = [header: readonly string[], rows: readonly (readonly string[])[]];

export function attackTable({ rules, attacks }: Pick<Setup, "rules" | "attacks">, cells: readonly AttackCell[]): Cells {
  const rows = rules.map(({ name }) => [
    name,
    ...attacks.map((attack) => {
      const found = cells.find((cell) => cell.rule === name && cell.attack === attack);
      return found ? percent(found.balancedAccuracy) : "–";
    }),
  ]);
  return [["rule", ...attacks], rows];
}

export function formatTable(formats: readonly FormatRow[]): Cells {
  const rows = formats.map(({ format, bytes, ofFloat32, balancedAccuracy, auc }) => [
    format,
    bytes.toLocaleString("en"),
    ofFloat32.toFixed(3),
    percent(balancedAccuracy),
    auc.value.toFixed(3),
  ]);
  return [["format", "bytes of an update", "of float32", "balanced accuracy, %", "AUC"], rows];
}

/** Loss of balanced accuracy up to which a rule counts as unharmed. */
const tolerated = 0.1;

/**
 * One sentence for each kind of outcome, by 95 % intervals over the seeds of the mean and of the change, which is paired by
 * seed. One seed gives no interval and no sentence.
 */
export function verdicts(cells: readonly AttackCell[]): string[] {
  const hostile = cells.filter(({ attack, change }) => attack !== "none" && !Number.isNaN(change.high));
  if (hostile.length === 0) return [];
  const of = (wanted: Verdict) => hostile.filter((cell) => verdictOf(cell) === wanted);
  const every = [...new Set(hostile.map(({ rule }) => rule))];
  const harmed = new Set(hostile.filter((cell) => verdictOf(cell) !== "unharmed").map(({ rule }) => rule));
  const unharmed = every.filter((rule) => !harmed.has(rule));
  return [
    `Broken, worse than without attack and not above chance: ${byRule(of("broken"))}.`,
    `Weakened, worse than without attack, above chance: ${byRule(of("weakened"))}.`,
    `Undecided, since these seeds would allow for a loss of more than 10 points or for none: ${byRule(of("undecided"))}.`,
    `None of these under any attack here: ${unharmed.join(", ") || "no rule"}.`,
  ];
}

type Verdict = "broken" | "weakened" | "undecided" | "unharmed";

function verdictOf({ balancedAccuracy, change }: AttackCell): Verdict {
  if (change.high < 0) return balancedAccuracy.low > 0.5 ? "weakened" : "broken";
  return change.low < -tolerated ? "undecided" : "unharmed";
}

function byRule(cells: readonly AttackCell[]): string {
  const rules = [...new Set(cells.map(({ rule }) => rule))];
  const attacksOf = (rule: string) => cells.filter((cell) => cell.rule === rule).map(({ attack }) => attack);
  return rules.map((rule) => `${rule} (${attacksOf(rule).join(", ")})`).join("; ") || "none";
}

/** 97.5 ± 1.2: the mean and half of its interval's width. */
function percent({ value, high }: Estimate): string {
  const text = (100 * value).toFixed(1);
  return Number.isNaN(high) ? text : `${text} ± ${(100 * (high - value)).toFixed(1)}`;
}

// The rules of a federation's rounds as options: `deploy` sets all of them, `terms` changes those that are given.
import type { Command } from "commander";
import { FedError } from "../../foundation/errors.ts";
import type { RoundTerms } from "../../protocol/contract/round.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { parseDuration, showDuration } from "./duration.ts";
import { parseCount } from "./options.ts";

/** The terms as given on the command line. */
export type TermsOptions = { readonly [Name in keyof RoundTerms]?: string };

interface TermField {
  readonly name: keyof RoundTerms;
  readonly flag: string;
  readonly about: string;
  /** The value that a federation is founded with by default. */
  readonly usual: string;
  readonly unit: "period" | "n";
  /** Largest value of the contract's field; the contract itself refuses more (TERMS_INVALID). */
  readonly largest: number;
}

/** In the contract's order. */
export const termFields: readonly TermField[] = [
  field("commitPeriod", "--commit-period", "for which a round takes updates", "24h", 32),
  field(
    "proposePeriod",
    "--propose-period",
    "for which its opener alone may propose the average, then anyone",
    "1h",
    32,
  ),
  field("attestPeriod", "--attest-period", "for which hospitals may agree or disagree", "12h", 32),
  field("minUpdates", "--min-updates", "fewer updates make no model", "2", 16),
  field("maxExpired", "--max-expired", "proposals not decided in time before a round is abandoned", "8", 8),
  field(
    "sampleCap",
    "--sample-cap",
    "largest sample count of an update, its influence bound; at most 1048576",
    String(defaultPlan().sampleCap),
    24,
  ),
  field("earlyShare", "--early-share", "percent of hospitals whose updates start the grace period; 0: none", "75", 8),
  field("gracePeriod", "--grace-period", "then left for the other updates; 0 where the share is 0", "6h", 32),
];

/** Adds one option a term. */
export function withTermsOptions(command: Command, { withUsual }: { readonly withUsual: boolean }): Command {
  for (const { flag, unit, about, usual } of termFields) {
    command.option(`${flag} <${unit}>`, about, withUsual ? usual : undefined);
  }
  return command;
}

/** The terms that the options name. @throws OPTION_INVALID */
export function parseTerms(options: TermsOptions): Partial<RoundTerms> {
  const given = termFields.flatMap(({ name, flag, unit, largest }): [keyof RoundTerms, number][] => {
    const text = options[name];
    if (text === undefined) return [];
    const value = unit === "period" ? parseDuration(text, flag) : parseCount(text, flag);
    if (value > largest) {
      throw new FedError("OPTION_INVALID", { option: flag, value: text }, { remedy: `give at most ${largest}` });
    }
    return [[name, value]];
  });
  return Object.fromEntries(given);
}

/** A term's value as text, exact to the second, so that a small change is visible. */
export function showTerm({ name, unit }: TermField, terms: RoundTerms): string {
  return unit === "period" ? showDuration(terms[name], 4) : String(terms[name]);
}

function field(name: keyof RoundTerms, flag: string, about: string, usual: string, bits: number): TermField {
  return { name, flag, about, usual, unit: name.endsWith("Period") ? "period" : "n", largest: 2 ** bits - 1 };
}

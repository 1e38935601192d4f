// `consilium privacy`: what a plan's differential privacy costs before it starts, and what of it is spent.
import type { Command } from "commander";
import { FedError } from "../foundation/errors.ts";
import type { PrivateSums } from "../protocol/contract/round.ts";
import type { Plan } from "../protocol/format/plan.ts";
import { checkMechanism } from "../protocol/private/agreed-mechanism.ts";
import { type PrivacyCost, privacyCost, showEpsilon } from "../protocol/private/privacy-cost.ts";
import { onLedger, type ReadOptions, withReadOptions } from "./ledger/options.ts";
import { readPlan } from "./plan/read-plan.ts";
import { measureCommand } from "./privacy/measure.ts";
import { table } from "./terminal/table.ts";

interface Options extends ReadOptions {
  readonly spent?: boolean;
}

interface PrivacyOutcome {
  /** After one sum, all rounds of the plan, and all sums that the contract ever opens. */
  readonly costs: readonly PrivacyCost[];
  /** What the contract's seals have cost so far; only with --spent. */
  readonly spent?: (PrivateSums & { readonly cost: PrivacyCost }) | undefined;
}

/** Adds the command to the program. */
export function privacyCommand(program: Command): void {
  const command = program
    .command("privacy")
    .description("Say what a plan's differential privacy costs a patient, and what a federation has spent of it.")
    .argument("<plan>", "the plan's file")
    .option("--spent", "ask the federation's contract how many sums were opened");
  measureCommand(command);
  withReadOptions(command)
    .addHelpText("after", help)
    .action(async (file: string, options: Options) => {
      const plan = await readPlan(file, "<plan>");
      const costs = costsOf(plan);
      const spent = options.spent
        ? await onLedger(options, async (ledger) => spentIn(plan, await ledger.privateSums()))
        : undefined;
      const outcome: PrivacyOutcome = { costs, spent };
      console.log(options.json ? JSON.stringify(outcome) : show(plan, outcome));
    });
}

const help = `
Epsilon bounds what all opened sums together tell of one patient: with and without the patient's scans, every result is equally
likely up to a factor of e^epsilon. A value of 1 or less is strong, 5 to 10 is usual, and more promises little. The bound fails
with a chance of delta, which should be well below 1 divided by the number of patients.

Examples:
  consilium plan --private --epsilon 8 --rounds 100 --plan noisy.json
  consilium privacy noisy.json
  consilium privacy noisy.json --json | jq .costs[2].epsilon
  consilium privacy noisy.json --spent --federation federation.json --rpc http://10.0.0.5:8545`;

/** @throws PRIVACY_NOT_PLANNED */
function costsOf({ privacy, rounds }: Plan): readonly PrivacyCost[] {
  if (!privacy?.patient) {
    const remedy =
      "the plan adds no noise, so that there is no epsilon: write one with consilium plan --private --epsilon 8";
    throw new FedError("PRIVACY_NOT_PLANNED", {}, { remedy });
  }
  return [1, rounds, privacy.maxSeals].map((openings) => privacyCost(privacy, openings)!);
}

/** @throws MECHANISM_MISMATCH where the plan is another federation's */
function spentIn(plan: Plan, sums: PrivateSums | undefined): PrivacyOutcome["spent"] {
  checkMechanism(plan, sums);
  return { ...sums!, cost: privacyCost(plan.privacy, sums!.seals)! };
}

function show({ privacy, rounds }: Plan, { costs, spent }: PrivacyOutcome): string {
  const { delta, samplingRate, noiseMultiplier } = costs[0]!;
  const names = [
    "one round",
    `${rounds} rounds, as planned`,
    `${privacy!.maxSeals} sums, the most that the contract opens`,
  ];
  const rows = costs.map(({ openings, epsilon }, place) => [names[place]!, String(openings), showEpsilon(epsilon)]);
  const lines = [
    table(["cost of", "sums", "epsilon"], rows),
    "",
    `unit patient, delta ${delta}; a patient is in a round's step with chance ${samplingRate}; noise of ${noiseMultiplier} times a patient's largest part`,
  ];
  if (!spent) return lines.join("\n");
  const { seals, maxSeals, cost } = spent;
  lines.push(`spent: epsilon ${showEpsilon(cost.epsilon)} in ${seals} of ${maxSeals} sums`);
  if (seals >= maxSeals) lines.push("The privacy budget is spent: this federation opens no round any more.");
  return lines.join("\n");
}

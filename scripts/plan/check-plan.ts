// `consilium plan check`: a plan's file in words, and everything that a federation would refuse in it.
import type { Command } from "commander";
import pc from "picocolors";
import type { ErrorCode } from "../../foundation/errors.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { maxPlanBytes, type Plan, planFieldFaults } from "../../protocol/format/plan.ts";
import { planFaults } from "../../protocol/strategy/plan-faults.ts";
import { readGiven } from "../terminal/read-given.ts";
import { explainPlan } from "./explain-plan.ts";

export interface Refusal {
  readonly code: ErrorCode;
  readonly why: string;
  readonly remedy: string;
}

export interface CheckedPlan {
  /** Of the file as it is. */
  readonly digest: string;
  /** Undefined where the file is no plan. */
  readonly plan: Plan | undefined;
  readonly refusals: readonly Refusal[];
}

/** Everything that is wrong with a plan's file, not only what is wrong first. */
export function checkPlan(bytes: Uint8Array): CheckedPlan {
  const digest = blobDigest(bytes);
  const refused = (...refusals: Refusal[]): CheckedPlan => ({ digest, plan: undefined, refusals });
  if (bytes.byteLength > maxPlanBytes) {
    const why = `it has ${bytes.byteLength} bytes, of which ${maxPlanBytes} are allowed`;
    return refused({ code: "PLAN_TOO_LARGE", why, remedy: "give a plan of `consilium plan`" });
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const why = `it is no JSON: ${error instanceof Error ? error.message : String(error)}`;
    return refused({ code: "PLAN_MALFORMED", why, remedy: "correct it, or write one with `consilium plan`" });
  }
  const faults = planFieldFaults(value).map(({ field, why }): Refusal => {
    return { code: "PLAN_MALFORMED", why: `${field}: ${why}`, remedy: "correct the field" };
  });
  if (faults.length > 0) return refused(...faults);
  const plan = value as Plan;
  const refusals: Refusal[] = [...planFaults(plan)];
  if (Buffer.compare(canonicalBytes(value), bytes) !== 0) {
    refusals.push({
      code: "PLAN_NOT_CANONICAL",
      why: "its bytes are not the one spelling that has a digest: keys sorted, no spaces (RFC 8785)",
      remedy: "write it in that spelling: consilium plan canonical FILE --write",
    });
  }
  return { digest, plan, refusals };
}

/** Adds `check` to `consilium plan`. */
export function planCheckCommand(plan: Command): void {
  plan
    .command("check")
    .description("Say in words what a plan decides, and what a federation would refuse in it.")
    .argument("<file>", "the plan")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nEnds with 0 if a federation would take the plan, 2 if not.")
    .action(async (file: string, _own: unknown, command: Command) => {
      const checked = checkPlan(await readGiven(file, "<file>"));
      if (command.optsWithGlobals()["json"]) console.log(JSON.stringify(checked));
      else show(checked);
      if (checked.refusals.length > 0) process.exitCode = 2;
    });
}

function show({ digest, plan, refusals }: CheckedPlan): void {
  console.log(`${"digest".padEnd(10)} ${digest}`);
  if (plan) for (const [topic, text] of explainPlan(plan)) console.log(`${topic.padEnd(10)} ${text}`);
  for (const { code, why, remedy } of refusals) console.log(`${pc.red("refused")} ${code}: ${why}\n  ${remedy}`);
  console.log(refusals.length > 0 ? pc.bold(pc.red("REFUSED")) : pc.bold(pc.green("A federation takes this plan.")));
}

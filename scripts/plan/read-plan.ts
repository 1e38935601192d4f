// A plan's file that an option names, refused with everything that is wrong with it.
import { FedError } from "../../foundation/errors.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { readGiven } from "../terminal/read-given.ts";
import { checkPlan } from "./check-plan.ts";

/**
 * The plan, in whatever spelling: who reads it writes it again in the canonical one.
 * @param option that named the file
 * @throws FILE_UNREADABLE, and the code of what a federation would refuse, spelling aside
 */
export async function readPlan(file: string, option: string): Promise<Plan> {
  const { plan, refusals } = checkPlan(await readGiven(file, option));
  const [refusal] = refusals.filter(({ code }) => code !== "PLAN_NOT_CANONICAL");
  if (!plan || refusal) {
    const facts = { file, option, why: refusal?.why };
    throw new FedError(refusal?.code ?? "PLAN_MALFORMED", facts, { remedy: `see consilium plan check ${file}` });
  }
  return plan;
}

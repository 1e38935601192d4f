// The plan that the capsules of a cross-validation follow: of a file, or of the options that `consilium plan` has too.
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { planFrom } from "../plan/plan-from-choices.ts";
import { refuseOption } from "../plan/plan-options.ts";
import { readPlan } from "../plan/read-plan.ts";
import { type CrossOptions, crossChoices } from "./options.ts";

/**
 * The plan that was asked for, whatever scans there are.
 * @throws OPTION_INVALID, FILE_UNREADABLE, and the code of what a federation would refuse
 */
export async function askedPlan(options: CrossOptions): Promise<Plan> {
  const { seed, side } = options;
  // Folds are found again by their plan, whichever version made them.
  const made = { seed, software: "consilium" };
  if (options.plan !== undefined) {
    const plan = await readPlan(options.plan, "--plan");
    const { height, width } = plan.model.input;
    const refuse = (why: string) => refuseOption("plan", why, "cross-validate");
    if (height !== width) refuse("it takes slices that are not square, and folds are scaled to squares");
    if (plan.privacy) refuse("its private sums are not computed here: write one without --private");
    return { ...plan, ...made };
  }
  const mirror = options.mirror || undefined;
  return {
    ...planFrom({ ...crossChoices(options), mirror, height: side, width: side }, undefined, "cross-validate"),
    ...made,
  };
}

/** The plan for these scans: more pixels or slices than they have would only repeat them. */
export function fittedPlan(plan: Plan, { height, width, channels, scans }: Omit<TrainingSet, "read">): Plan {
  const { input } = plan.model;
  const side = Math.min(input.height, height, width);
  const slices = Math.min(input.slices, Math.max(...scans.map((scan) => scan.slices)));
  return { ...plan, model: { ...plan.model, input: { slices, height: side, width: side, channels } } };
}

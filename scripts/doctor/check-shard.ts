// A hospital's data: the shard is whole, has patients of both classes to train on, and fits the plan's input.
import { isFedError } from "../../foundation/errors.ts";
import { openShard, type Shard } from "../../imaging/shard/shard.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { failed } from "./check-keys.ts";
import { bad, type Finding, good, note } from "./finding.ts";

/** @param plan undefined where it is not at hand: the shard's size is then not compared */
export async function checkShard(dir: string, plan: Plan | undefined): Promise<readonly Finding[]> {
  let shard: Shard;
  try {
    shard = await openShard(dir);
  } catch (error) {
    if (isFedError(error)) return [failed("shard", error)];
    throw error;
  }
  try {
    return [patients(shard), comparison(shard, plan)];
  } finally {
    await shard.close();
  }
}

/** Counts only: nothing of one patient is shown. */
function patients({ scans }: Shard): Finding {
  const train = scans.filter(({ split }) => split === "train");
  const ill = train.filter(({ label }) => label === 1).length;
  const text = `${scans.length} patients, ${train.length} to train on`;
  if (train.length === 0) return bad("shard", text, "import an archive with more patients");
  if (ill > 0 && ill < train.length) return good("shard", text);
  return note(
    "shard",
    `${text}, all of one class`,
    "it can train; its scores say little without patients of both classes",
  );
}

function comparison({ height, width, channels }: Shard, plan: Plan | undefined): Finding {
  const size = `${height} x ${width} x ${channels}`;
  if (!plan) {
    const remedy = "give the plan with --plan FILE to compare it with the shard";
    return note("shard and plan", `slices of ${size}; the plan is not at hand`, remedy);
  }
  const { input } = plan.model;
  if (input.height === height && input.width === width && input.channels === channels) {
    return good("shard and plan", `slices of ${size}, as the plan wants`);
  }
  const remedy = `import the archive again: consilium import ARCHIVE --size ${input.height}, with ${input.channels} windows`;
  return bad(
    "shard and plan",
    `slices of ${size}; the plan wants ${input.height} x ${input.width} x ${input.channels}`,
    remedy,
  );
}

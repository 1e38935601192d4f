// A thread that finds lungs, resamples and windows, one scan after the other, and decodes pictures.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { serveTasks } from "../../foundation/worker-tasks.ts";
import { normaliseStack } from "./normalise.ts";
import type { NormaliseResult, NormaliseTask } from "./normalise-messages.ts";

serveTasks<NormaliseTask, NormaliseResult>({
  async perform(task, send) {
    await send(await resultOf(task), { isLast: true });
  },
  refusal(error) {
    if (isFedError(error)) return error;
    return new FedError("SCAN_UNREADABLE", { name: error instanceof Error ? error.name : "Error" });
  },
});

async function resultOf(task: NormaliseTask): Promise<NormaliseResult> {
  if (task.kind === "stack") {
    try {
      return normaliseStack(task.stack, task.shape);
    } finally {
      for (const { values } of task.stack.planes) giveBack(values);
    }
  }
  // Loaded when first needed: a thread for stacks starts sooner, and with less work.
  const { pictureResult } = await import("./picture-tasks.ts");
  return pictureResult(task);
}

// A thread that finds lungs, resamples and windows, one scan after the other, and decodes pictures.
import { readFile } from "node:fs/promises";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { serveTasks } from "../../foundation/worker-tasks.ts";
import { onDisk } from "../dicom/open-file.ts";
import { checkLooksLikeCt } from "../source/looks-like-ct.ts";
import { decodePicture } from "../source/picture.ts";
import { normaliseStack } from "./normalise.ts";
import type { NormaliseResult, NormaliseTask } from "./normalise-messages.ts";
import { normalisePictures, workingPlane } from "./normalise-pictures.ts";

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
  if (task.kind === "pictures") return normalisePictures(task.planes, task.shape);
  const bytes = "bytes" in task.source ? task.source.bytes : await readFile(onDisk(task.source.path));
  const picture = await decodePicture(bytes);
  checkLooksLikeCt(picture);
  return { plane: workingPlane(picture, task.shape), rows: picture.rows, columns: picture.columns };
}

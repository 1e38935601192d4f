// A thread that finds lungs, resamples and windows, one scan after the other, and decodes pictures.
import { readFile } from "node:fs/promises";
import { parentPort } from "node:worker_threads";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { decodePicture } from "../source/picture.ts";
import { normaliseStack } from "./normalise.ts";
import type { NormaliseAnswer, NormaliseResults, NormaliseTask } from "./normalise-messages.ts";
import { normalisePictures, workingPlane } from "./normalise-pictures.ts";

const port = parentPort!;

port.on("message", async (task: NormaliseTask) => {
  try {
    answer({ result: await perform(task) });
  } catch (error) {
    // What is no FedError may quote a path: its name is all that is told.
    const name = error instanceof Error ? error.name : "Error";
    const { code, facts, remedy } = isFedError(error) ? error : new FedError("SCAN_UNREADABLE", { name });
    answer({ code, facts, remedy });
  }
});

async function perform(task: NormaliseTask): Promise<NormaliseResults[keyof NormaliseResults]> {
  if (task.kind === "stack") {
    try {
      return normaliseStack(task.stack, task.shape);
    } finally {
      for (const { values } of task.stack.planes) giveBack(values);
    }
  }
  if (task.kind === "pictures") return normalisePictures(task.planes, task.shape);
  const bytes = "bytes" in task.source ? task.source.bytes : await readFile(task.source.path);
  const picture = await decodePicture(bytes);
  return { plane: workingPlane(picture, task.shape), rows: picture.rows, columns: picture.columns };
}

function answer(message: NormaliseAnswer): void {
  port.postMessage(message);
}

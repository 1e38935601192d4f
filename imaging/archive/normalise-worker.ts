// A thread that finds lungs, resamples and windows, one scan after the other, and decodes pictures.
import { readFile } from "node:fs/promises";
import { parentPort } from "node:worker_threads";
import { FedError, isFedError } from "../../protocol/errors.ts";
import { normaliseStack } from "./normalise.ts";
import type { NormaliseAnswer, NormaliseResults, NormaliseTask } from "./normalise-messages.ts";
import { normalisePictures, workingPlane } from "./normalise-pictures.ts";
import { decodePicture } from "./picture.ts";

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
      for (const { values } of task.stack.planes) giveBack(values.buffer as ArrayBuffer);
    }
  }
  if (task.kind === "pictures") return normalisePictures(task.planes, task.shape);
  const bytes = "bytes" in task.source ? task.source.bytes : await readFile(task.source.path);
  const picture = await decodePicture(bytes);
  return { plane: workingPlane(picture, task.shape), rows: picture.rows, columns: picture.columns };
}

/** A scan's pixels are tens of megabytes outside the heap, of which the collector would let several scans pile up. */
function giveBack(memory: ArrayBuffer): void {
  // ES2024, which Node has and the compiler's library of ES2023 does not.
  (memory as ArrayBuffer & { transfer(bytes: number): ArrayBuffer }).transfer(0);
}

function answer(message: NormaliseAnswer): void {
  port.postMessage(message);
}

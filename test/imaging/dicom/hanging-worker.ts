// A decode worker that never comes back from a file called "hang".
import { parentPort } from "node:worker_threads";
import type { ToWorker } from "../../../foundation/worker-messages.ts";
import type { DecodeTask } from "../../../imaging/dicom/decode-messages.ts";
import "../../../imaging/dicom/decode-worker.ts";

parentPort!.on("message", (message: ToWorker<DecodeTask>) => {
  while (message.kind === "task" && "path" in message.task.source && message.task.source.path === "hang");
});

// A decode worker that never comes back from a file called "hang".
import { parentPort } from "node:worker_threads";
import type { ToWorker } from "../../../imaging/dicom/decode-messages.ts";
import "../../../imaging/dicom/decode-worker.ts";

parentPort!.on("message", (message: ToWorker) => {
  while ("source" in message && "path" in message.source && message.source.path === "hang");
});

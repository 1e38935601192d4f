// Trains 2,000 steps and prints what the process keeps after 200 and after 2,000 of them. Run with --expose-gc.
import { readFileSync } from "node:fs";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { train } from "../../../model/training/train.ts";
import { smallScans, smallSpec, smallTraining } from "../../model/small-scans.ts";

const network = createNetwork(smallSpec, 7);
const options = { ...smallTraining, batchSize: 2, augmentation: true, localEpochs: 500, seed: 1 };
const kept: Record<number, { tensors: number; heapBytes: number; nativeBytes: number }> = {};
for await (const { step } of train(network, smallScans(8), options)) {
  if (step !== 200 && step !== 2000) continue;
  globalThis.gc?.();
  kept[step] = {
    tensors: tf.memory().numTensors,
    heapBytes: process.memoryUsage().heapUsed,
    nativeBytes: anonymousBytes(),
  };
}
console.log(JSON.stringify(kept));

/** Without pages of files: the system drops parts of TensorFlow's library under pressure, and reads them again later. */
function anonymousBytes(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
  return 1024 * (kilobytes("RssAnon") + kilobytes("VmSwap"));
}

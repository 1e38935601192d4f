// Trains 2,000 steps and prints the resident bytes after 200 and after 2,000 of them. Run with --expose-gc.
import { createNetwork } from "../../../model/network/network.ts";
import { train } from "../../../model/training/train.ts";
import { smallScans, smallSpec, smallTraining } from "../../model/small-scans.ts";

const network = createNetwork(smallSpec, 7);
const options = { ...smallTraining, batchSize: 2, augmentation: true, localEpochs: 500, seed: 1 };
const resident: Record<number, number> = {};
for await (const { step } of train(network, smallScans(8), options)) {
  if (step === 200 || step === 2000) {
    globalThis.gc?.();
    resident[step] = process.memoryUsage.rss();
  }
}
console.log(JSON.stringify(resident));

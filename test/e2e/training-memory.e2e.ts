// A trainer process runs for weeks: it must need no more memory after 2,000 steps than after 200.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";

const training = `
const { createNetwork } = await import("./model/network.ts");
const { train } = await import("./model/train.ts");
const { smallScans, smallSpec, smallTraining } = await import("./test/model/small-scans.ts");
const network = createNetwork(smallSpec, 7);
const options = { ...smallTraining, batchSize: 2, augmentation: true, localEpochs: 500, seed: 1 };
const resident = {};
for await (const { step } of train(network, smallScans(8), options)) {
  if (step === 200 || step === 2000) {
    globalThis.gc();
    resident[step] = process.memoryUsage.rss();
  }
}
console.log(JSON.stringify(resident));
`;

describe("the memory of a training", function () {
  this.timeout(300_000);

  it("is within 5 % after 2,000 steps of what it was after 200", async () => {
    const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning", "--input-type=module", "--eval"];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, training]);
    const resident = JSON.parse(stdout) as Record<"200" | "2000", number>;
    expect(resident["2000"] / resident["200"]).to.be.within(0.8, 1.05);
  });
});

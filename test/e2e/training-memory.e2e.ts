// A trainer process runs for weeks: it must need no more memory after 2,000 steps than after 200.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";

const trainer = new URL("./processes/training-memory.ts", import.meta.url).pathname;

describe("the memory of a training", function () {
  this.timeout(300_000);

  it("is within 5 % after 2,000 steps of what it was after 200", async () => {
    const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, trainer]);
    const kept = JSON.parse(stdout) as Record<"200" | "2000", number>;
    expect(kept["2000"] / kept["200"]).to.be.within(0.8, 1.05);
  });
});

// For any history that the real contract can produce, with any bytes committed, the audit ends with the verdict that is
// true: no honest history is called broken, and no dishonest one verified. More of them: test/e2e/hostile-histories.e2e.ts.
import { expect } from "chai";
import { globalOptions } from "hardhat";
import { type Chain, connectChain } from "./federation.ts";
import { holdHistories } from "./histories/hold.ts";

describe("an audit of histories of the real contract", function () {
  this.timeout(120_000);
  let chain: Chain;
  before(async function () {
    // What counts the coverage slows every call down, and the other tests reach all lines.
    if (globalOptions.coverage) this.skip();
    chain = await connectChain();
  });
  after(() => chain?.close());

  it("calls no honest history broken", async () => {
    const { verdicts } = await holdHistories(chain, { honesty: 100, seed: 15, numRuns: 15 });
    expect([...verdicts.keys()]).to.have.members(["verified", "empty"]);
  });

  it("finds every fault of a dishonest history, names whose it is, and finds nothing else", async () => {
    const { verdicts } = await holdHistories(chain, { honesty: 85, seed: 15, numRuns: 30 });
    expect([...verdicts.keys()]).to.include.members(["verified", "broken"]);
  });
});

import { expect } from "chai";
import { skewSentences, skewTable } from "../../../study/skew/show-skew.ts";
import { runSkewStudy, type SkewCell, type SkewSetup, skewMethods } from "../../../study/skew/skew-study.ts";
import { lungHistogram } from "../../../study/strategies/lung-histograms.ts";
import { initialWeights, train } from "../../../study/strategies/small-network.ts";

const setup: SkewSetup = {
  ...{ hospitals: 3, trainingScans: 18, testScans: 12, alpha: 0.3, signal: 0.5 },
  ...{ localEpochs: [1, 3], rounds: 2, seeds: [1, 2] },
};

async function cellsOf(asked: SkewSetup): Promise<readonly SkewCell[]> {
  const work = runSkewStudy(asked);
  let step = await work.next();
  while (!step.done) step = await work.next();
  return step.value;
}

describe("the study of unlike hospitals", () => {
  let cells: readonly SkewCell[];
  before(async () => {
    cells = await cellsOf(setup);
  });

  it("scores every method at every number of local epochs, after every round of every seed", () => {
    expect(cells).to.have.length(2 * skewMethods.length);
    for (const { bySeed } of cells) expect(bySeed.map(({ length }) => length)).to.deep.equal([2, 2]);
    const [header, rows] = skewTable(cells);
    expect([header.length, rows.length]).to.deep.equal([3, skewMethods.length]);
    expect(skewSentences(cells)).to.have.length(2 * (skewMethods.length - 1));
  });

  it("gives the same numbers again", async () => {
    expect(await cellsOf(setup)).to.deep.equal(cells);
  });

  it("trains FedAvg as a federation without a proximal term and without control variates", async () => {
    const of = (name: string) => cells.filter(({ method }) => method === name).map(({ bySeed }) => bySeed);
    expect(of("FedProx, mu 1")).not.to.deep.equal(of("FedAvg"));
    expect(of("SCAFFOLD")).not.to.deep.equal(of("FedAvg"));
  });
});

describe("the small network's training", () => {
  const scans = [lungHistogram(1, 0), lungHistogram(1, 1)];
  const start = initialWeights(1);

  it("moves by the correction beside the gradients, and is held back by mu", () => {
    const plain = train(start, scans.slice(0, 1), { epochs: 1 });
    const corrected = train(start, scans.slice(0, 1), { epochs: 1, correction: start.map(() => 0.5) });
    for (const [place, value] of corrected.entries()) expect(value - plain[place]!).to.be.closeTo(-0.01, 1e-6);
    const distance = (mu: number) => {
      const after = train(start, scans, { epochs: 20, mu });
      return Math.sqrt(after.reduce((sum, value, place) => sum + (value - start[place]!) ** 2, 0));
    };
    expect(distance(1)).to.be.below(distance(0));
  });
});

import { expect } from "chai";
import {
  type Federation,
  type Learner,
  runFederation,
  runInFloats,
} from "../../../study/strategies/attacked-federation.ts";
import { lungHistogram, type Scan } from "../../../study/strategies/lung-histograms.ts";
import { smallLearner } from "../../../study/strategies/small-learner.ts";
import { initialWeights, train } from "../../../study/strategies/small-network.ts";
import { fileOf, norm, weightsOf } from "../../../study/strategies/weight-vector.ts";

const common = { maxSharePermille: 1000, maxStaleness: 0 } as const;

describe("the small federation", () => {
  const scans: Scan[] = [];
  let learner: Learner;
  const usual: Federation = {
    ...{ attackers: 0, attack: "none", strategy: { name: "fedavg", ...common }, rounds: 20, seed: 5 },
    update: { type: "I16", clipNorm: 4, topFraction: 1, localTensors: [] },
  };
  before(() => {
    for (let index = 0; index < 54; index++) scans.push(lungHistogram(5, index));
    const shards = [0, 1, 2, 3, 4].map((hospital) => scans.slice(hospital * 6, hospital * 6 + 6));
    learner = smallLearner(shards, scans.slice(30), { seed: 5, localEpochs: 2 });
  });

  it("learns from scans: far from chance on patients that it has not seen", async () => {
    const { auc, updateBytes } = await runFederation(learner, usual);
    expect(auc).to.be.greaterThan(0.85);
    expect(updateBytes).to.be.within(2369 * 2, 2369 * 2 + 2048); // 16 bits a parameter, and a header
  });

  it("comes with 16 bits to the scores of float32", async () => {
    const { auc } = await runFederation(learner, usual);
    expect(auc).to.be.closeTo((await runInFloats(learner, usual.rounds)).auc, 0.03);
  });

  it("falls to one attacker of five by the mean, and not by the median", async () => {
    const attacked = { ...usual, attackers: 1, attack: "inner product" } as const;
    const mean = await runFederation(learner, attacked);
    const median = await runFederation(learner, { ...attacked, strategy: { name: "median", ...common } });
    expect(median.auc).to.be.greaterThan(0.85);
    expect(mean.balancedAccuracy).to.be.lessThan(median.balancedAccuracy);
  });

  it("shows an attacker that flips labels its own scans with the other label, and nobody else", async () => {
    const seen: string[] = [];
    const watched: Learner = {
      ...learner,
      train(base, at) {
        seen.push(`${at.hospital}${at.flipped ? " flipped" : ""}`);
        return learner.train(base, at);
      },
    };
    await runFederation(watched, { ...usual, attackers: 2, attack: "label flip", rounds: 1 });
    expect(seen).to.deep.equal(["2", "3", "4", "0 flipped", "1 flipped"]);
  });

  it("trains the same network the same way again", () => {
    const once = train(initialWeights(3), scans.slice(0, 4), { epochs: 2 });
    expect([...train(initialWeights(3), scans.slice(0, 4), { epochs: 2 })]).to.deep.equal([...once]);
    expect(norm(once)).to.be.greaterThan(0);
  });

  it("takes a model apart and puts it together to the same bytes", () => {
    const model = learner.genesis();
    expect(Buffer.compare(fileOf(weightsOf(model), model), model)).to.equal(0);
  });
});

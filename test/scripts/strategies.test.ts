import { expect } from "chai";
import { attacks, norm } from "../../scripts/strategies/attackers.ts";
import { lungHistogram, type Scan } from "../../scripts/strategies/lung-histograms.ts";
import { type Federation, runFederation, runInFloats } from "../../scripts/strategies/run-federation.ts";
import { initialWeights, train } from "../../scripts/strategies/small-network.ts";

const common = { maxSharePermille: 1000, maxStaleness: 0 } as const;

describe("attackers", () => {
  const honest = [Float32Array.of(1, 2), Float32Array.of(3, 2), Float32Array.of(2, 2)];
  const attack = { honest, own: Float32Array.of(3, 4), flipped: Float32Array.of(-1, 0), clipNorm: 10, seed: 1 };

  it("send what their papers say: 10 of norm backwards, mean - 1.5 deviations, against the mean", () => {
    expect([...attacks["sign flip"](attack)]).to.deep.equal([-3, -4]);
    expect([...attacks.scale(attack)]).to.deep.equal([-6, -8]);
    expect([...attacks["label flip"](attack)]).to.deep.equal([-1, 0]);
    const [first, second] = attacks["little is enough"](attack);
    expect(first).to.be.closeTo(2 - 1.5 * Math.sqrt(2 / 3), 1e-6);
    expect(second).to.equal(2);
    const inner = attacks["inner product"](attack);
    expect(inner[0]).to.equal(inner[1]).and.to.be.lessThan(0);
    expect(norm(inner)).to.be.closeTo(10, 1e-5);
  });

  it("draw another noise for another seed, as long as allowed", () => {
    const own = new Float32Array(1000);
    const noise = attacks.Gaussian({ ...attack, own });
    expect(norm(noise)).to.be.closeTo(10, 1e-4);
    expect([...attacks.Gaussian({ ...attack, own, seed: 2 })]).not.to.deep.equal([...noise]);
    const beyond = noise.filter((value) => Math.abs(value) > 10 / Math.sqrt(1000)).length;
    expect(beyond).to.be.within(260, 380); // a normal distribution has 317 of a thousand beyond one deviation
  });
});

describe("the small federation", () => {
  const scans: Scan[] = [];
  let usual: Federation;
  before(() => {
    for (let index = 0; index < 54; index++) scans.push(lungHistogram(5, index));
    const shards = [0, 1, 2, 3, 4].map((hospital) => scans.slice(hospital * 6, hospital * 6 + 6));
    usual = {
      ...{ shards, attackers: 0, attack: "none", strategy: { name: "fedavg", ...common }, rounds: 20, localEpochs: 2 },
      ...{ seed: 5, update: { type: "I16", clipNorm: 4, topFraction: 1, localTensors: [] } },
    };
  });
  const test = () => scans.slice(30);

  it("learns from scans: far from chance on patients that it has not seen", async () => {
    const { auc } = await runFederation(usual, test());
    expect(auc.low).to.be.greaterThan(0.6);
  });

  it("comes with 16 bits to the scores of float32", async () => {
    const { auc } = await runFederation(usual, test());
    expect(auc.value).to.be.closeTo(runInFloats(usual, test()).auc.value, 0.03);
  });

  it("falls to one attacker of five by the mean, and not by the median", async () => {
    const attacked = { ...usual, attackers: 1, attack: "inner product" } as const;
    const mean = await runFederation(attacked, test());
    const median = await runFederation({ ...attacked, strategy: { name: "median", ...common } }, test());
    expect(median.auc.low).to.be.greaterThan(0.6);
    expect(mean.balancedAccuracy.value).to.be.lessThan(median.balancedAccuracy.value);
  });

  it("trains the same network the same way again", () => {
    const once = train(initialWeights(3), scans.slice(0, 4), 2);
    expect([...train(initialWeights(3), scans.slice(0, 4), 2)]).to.deep.equal([...once]);
    expect(norm(once)).to.be.greaterThan(0);
  });
});

import { expect } from "chai";
import { attacks } from "../../../study/strategies/attackers.ts";
import { norm } from "../../../study/strategies/weight-vector.ts";

describe("attackers", () => {
  const honest = [Float32Array.of(1, 2), Float32Array.of(3, 2), Float32Array.of(2, 2)];
  const knowledge = { honest, own: Float32Array.of(3, 4), clipNorm: 10, seed: 1 };

  it("send what their papers say: 10 of norm backwards, mean - 1.5 deviations, against the mean", () => {
    expect([...attacks["sign flip"].delta(knowledge)]).to.deep.equal([-3, -4]);
    expect([...attacks.scale.delta(knowledge)]).to.deep.equal([-6, -8]);
    expect([...attacks["label flip"].delta(knowledge)]).to.deep.equal([3, 4]);
    const [first, second] = attacks["little is enough"].delta(knowledge);
    expect(first).to.be.closeTo(2 - 1.5 * Math.sqrt(2 / 3), 1e-6);
    expect(second).to.equal(2);
    const inner = attacks["inner product"].delta(knowledge);
    expect(inner[0]).to.equal(inner[1]).and.to.be.lessThan(0);
    expect(norm(inner)).to.be.closeTo(10, 1e-5);
  });

  it("train on flipped labels only where the labels are the attack", () => {
    const flipping = Object.entries(attacks).filter(([, { trainsOn }]) => trainsOn === "flipped labels");
    expect(flipping.map(([name]) => name)).to.deep.equal(["label flip"]);
  });

  it("draw another noise for another seed, as long as allowed", () => {
    const like = { ...knowledge, honest: [new Float32Array(1000)], own: new Float32Array() };
    const noise = attacks.Gaussian.delta(like);
    expect(norm(noise)).to.be.closeTo(10, 1e-4);
    expect([...attacks.Gaussian.delta({ ...like, seed: 2 })]).not.to.deep.equal([...noise]);
    const beyond = noise.filter((value) => Math.abs(value) > 10 / Math.sqrt(1000)).length;
    expect(beyond).to.be.within(260, 380); // a normal distribution has 317 of a thousand beyond one deviation
  });
});

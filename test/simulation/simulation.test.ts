import { expect } from "chai";
import { mutants } from "./mutants.ts";
import { describeFailure, type Outcome, runSeed } from "./run-seed.ts";

/** Further ones: test/e2e/simulation.e2e.ts. */
const seeds = 60;
const seedsPerTest = 20;

describe("a simulated federation", () => {
  const outcomes: Outcome[] = [];

  for (let first = 1; first <= seeds; first += seedsPerTest) {
    const last = first + seedsPerTest - 1;
    it(`keeps every rule at every step and makes progress after the faults (seeds ${first} to ${last})`, async () => {
      for (let seed = first; seed <= last; seed++) {
        const outcome = await runSeed(seed);
        if (outcome.failure) expect.fail(describeFailure(outcome));
        expect(outcome.finals).to.be.greaterThanOrEqual(1);
        outcomes.push(outcome);
      }
    });
  }

  it("had crashes, reorganisations, liars and revocations in those runs", function () {
    if (outcomes.length < seeds) this.skip();
    const count = (holds: (outcome: Outcome) => boolean) => outcomes.filter(holds).length;
    expect(count(({ crashes }) => crashes > 0)).to.be.greaterThan(seeds / 4);
    expect(count(({ reorganisations }) => reorganisations > 0)).to.be.greaterThan(seeds / 8);
    expect(count(({ faults }) => faults.liars > 0)).to.be.greaterThan(seeds / 4);
    expect(count(({ faults }) => faults.revokeAfter > 0)).to.be.greaterThan(seeds / 20);
    expect(count(({ faults }) => faults.loss > 0)).to.be.greaterThan(seeds / 4);
    expect(count(({ faults }) => faults.relayed > 0)).to.be.greaterThan(seeds / 4);
  });

  it("runs identically from the same seed", async () => {
    const first = await runSeed(3);
    const second = await runSeed(3);
    expect(second.fingerprint).to.equal(first.fingerprint);
    expect(second.steps).to.equal(first.steps);
    expect((await runSeed(4)).fingerprint).not.to.equal(first.fingerprint);
  });

  it("fails at the same step again, and prints the command that reproduces it", async () => {
    const planted = mutants.find(({ name }) => name === "takes a proposed model for final");
    const first = await runSeed(1, planted);
    const second = await runSeed(1, planted);
    expect(first.failure?.rule).to.equal("adopted-not-final");
    expect(second.failure).to.deep.equal(first.failure);
    expect(second.steps).to.equal(first.steps);
    expect(describeFailure(first)).to.include("--seed 1").and.include(`step ${first.steps}`);
  });
});

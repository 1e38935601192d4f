import { expect } from "chai";
import { privateMutants } from "../simulation/private-mutants.ts";
import { describeFailure, runSeed } from "../simulation/run-seed.ts";

/** Seeds within which a planted bug must be found. */
const mostSeeds = 10;

describe("a simulated federation with private sums", function () {
  this.timeout(1_200_000);

  it("keeps every rule at every step and makes progress after the faults", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const outcome = await runSeed(seed, undefined, { isPrivate: true });
      if (outcome.failure) expect.fail(describeFailure(outcome));
      expect(outcome.finals).to.be.greaterThanOrEqual(1);
    }
  });

  it("does so with buckets too, also where a hospital masks what is no update", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const outcome = await runSeed(seed, undefined, { isBucketed: true });
      if (outcome.failure) expect.fail(describeFailure(outcome));
      expect(outcome.finals).to.be.greaterThanOrEqual(1);
    }
  });

  for (const mutant of privateMutants) {
    it(`shows the planted bug of a party that ${mutant.name}`, async () => {
      for (let seed = 1; seed <= mostSeeds; seed++) {
        const { failure } = await runSeed(seed, mutant);
        if (failure && mutant.rules.includes(failure.rule)) return;
      }
      expect.fail(`no rule of ${mutant.rules.join(", ")} was broken in ${mostSeeds} seeds`);
    });
  }
});

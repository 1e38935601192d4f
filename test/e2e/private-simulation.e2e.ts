import { expect } from "chai";
import { noiseMutants } from "../simulation/noise-mutants.ts";
import { privateMutants } from "../simulation/private-mutants.ts";
import { describeFailure, runSeed } from "../simulation/run-seed.ts";

/** Seeds within which a planted bug must be found. */
const mostSeeds = 10;

describe("a simulated federation with private sums", function () {
  this.timeout(1_200_000);

  it("runs identically from the same seed, also as the first run of a process", async () => {
    for (const kind of [{ isPrivate: true }, { isNoisy: true }]) {
      const [first, second] = [await runSeed(5, undefined, kind), await runSeed(5, undefined, kind)];
      expect(second.fingerprint).to.equal(first.fingerprint);
    }
  });

  it("keeps every rule at every step and makes progress after the faults", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const outcome = await runSeed(seed, undefined, { isPrivate: true });
      if (outcome.failure) expect.fail(describeFailure(outcome));
      expect(outcome.finals).to.be.greaterThanOrEqual(1);
    }
  });

  it("does so with buckets too, also where a hospital masks what is no update", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const outcome = await runSeed(seed, undefined, { isBucketed: true });
      if (outcome.failure) expect.fail(describeFailure(outcome));
      expect(outcome.finals).to.be.greaterThanOrEqual(1);
    }
  });

  it("does so with noise too, also where the privacy budget is soon spent", async () => {
    let spent = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const outcome = await runSeed(seed, undefined, { isNoisy: true });
      if (outcome.failure) expect.fail(describeFailure(outcome));
      if (outcome.isBudgetSpent) spent++;
      else expect(outcome.finals).to.be.greaterThanOrEqual(1);
    }
    expect(spent).to.be.greaterThan(1);
  });

  for (const mutant of [...privateMutants, ...noiseMutants]) {
    it(`shows the planted bug of a party that ${mutant.name}`, async () => {
      for (let seed = 1; seed <= mostSeeds; seed++) {
        const { failure } = await runSeed(seed, mutant);
        if (failure && mutant.rules.includes(failure.rule)) return;
      }
      expect.fail(`no rule of ${mutant.rules.join(", ")} was broken in ${mostSeeds} seeds`);
    });
  }
});

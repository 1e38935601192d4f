import { expect } from "chai";
import { mutants } from "./mutants.ts";
import { runSeed } from "./run-seed.ts";

/** Seeds within which a planted bug must be found. */
const mostSeeds = 25;

describe("the simulator finds the planted bug of a party that", () => {
  for (const mutant of mutants) {
    it(mutant.name, async () => {
      for (let seed = 1; seed <= mostSeeds; seed++) {
        const { failure } = await runSeed(seed, mutant);
        if (failure && mutant.rules.includes(failure.rule)) return;
      }
      expect.fail(`no rule of ${mutant.rules.join(", ")} was broken in ${mostSeeds} seeds`);
    });
  }

  it("has none: with the same faults, honest code breaks no rule", async () => {
    for (const { name, faults, lie } of mutants) {
      if (!faults) continue;
      const honest = { name, rules: [], faults, lie };
      expect((await runSeed(1, honest)).failure, name).to.equal(undefined);
    }
  });
});

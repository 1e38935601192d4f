// More of the simulator's seeds than every run of the tests has time for.
import { expect } from "chai";
import { describeFailure, runSeed } from "../simulation/run-seed.ts";

describe("a simulated federation, further seeds", () => {
  for (let first = 61; first <= 300; first += 60) {
    const last = first + 59;
    it(`keeps every rule at every step and makes progress after the faults (seeds ${first} to ${last})`, async () => {
      for (let seed = first; seed <= last; seed++) {
        const outcome = await runSeed(seed);
        if (outcome.failure) expect.fail(describeFailure(outcome));
        expect(outcome.finals).to.be.greaterThanOrEqual(1);
      }
    });
  }
});

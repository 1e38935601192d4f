import { expect } from "chai";
import fc from "fast-check";
import { openByteBudget } from "../../foundation/byte-budget.ts";

describe("the budget of unpacked bytes", () => {
  it("is never exceeded, serves in the order of asking, and is whole again after work that failed", async () => {
    const asked = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 100 }), fails: fc.boolean() }), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(asked, fc.scheduler(), async (wanted, scheduler) => {
        const budget = openByteBudget(100);
        let held = 0;
        const begun: number[] = [];
        const all = wanted.map(({ bytes, fails }, index) =>
          budget.hold(bytes, async () => {
            begun.push(index);
            held += bytes;
            expect(held).to.be.at.most(100);
            await scheduler.schedule(Promise.resolve());
            held -= bytes;
            if (fails) throw new Error("of no interest");
            return index;
          }),
        );
        const ended = Promise.allSettled(all);
        await scheduler.waitFor(ended);
        expect(begun).to.deep.equal(wanted.map((_, index) => index));
        expect((await ended).map(({ status }) => status === "rejected")).to.deep.equal(
          wanted.map(({ fails }) => fails),
        );
        // All of it is free again: a request for everything does not wait.
        expect(await budget.hold(100, async () => "free")).to.equal("free");
      }),
      { numRuns: 100, seed: 4 },
    );
  });
});

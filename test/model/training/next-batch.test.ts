import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import { batchPixels } from "../../../model/training/batch-pixels.ts";
import { makeBatch, oneAhead } from "../../../model/training/next-batch.ts";
import { smallScans, smallSpec } from "../small-scans.ts";

describe("the next batch", () => {
  const { input } = smallSpec;
  const data = smallScans(3);
  const scans = data.scans.map(({ slices }, index) => ({ slices, pixels: data.read(index) }));

  for (const augmentation of [false, true]) {
    it(`has the same pixels from the other thread as from this one (augmentation ${augmentation})`, async () => {
      const made = [1, 2, 3].map((step) => makeBatch(scans, input, { seed: 9, step, augmentation }));
      for (const [at, pixels] of (await Promise.all(made)).entries()) {
        const next = seededIntegers(9, "step", at + 1);
        expect(pixels).to.deep.equal(batchPixels(scans, input, { next, pixels: augmentation }));
      }
      expect(scans[0]?.pixels.length).to.equal((scans[0]?.slices ?? 0) * 32 * 32); // still here
    });
  }

  it("is begun before the one before it is used, and its failure is heard at its turn", async () => {
    const begun: number[] = [];
    const work = async (item: number) => {
      begun.push(item);
      if (item === 3) throw new Error("of the third");
      return item * 10;
    };
    const seen: (readonly [number, number, number])[] = [];
    let failure: unknown;
    try {
      for await (const [item, result] of oneAhead([1, 2, 3, 4], work)) seen.push([item, result, begun.length]);
    } catch (error) {
      failure = error;
    }
    expect(seen).to.deep.equal([
      [1, 10, 2],
      [2, 20, 3],
    ]);
    expect(failure).to.have.property("message", "of the third");
  });
});

import { createHash } from "node:crypto";
import { expect } from "chai";
import { parseDigest, type RoundId } from "../../../protocol/format/digest.ts";
import { bucketRules, drawBuckets, fewestBuckets } from "../../../protocol/private/buckets.ts";
import { codeOf } from "../update/one-update.ts";
import { context } from "./private-round.ts";

const baseOf = (name: string) => parseDigest(`0x${createHash("sha256").update(name).digest("hex")}`);
const base = baseOf("base");

describe("buckets", () => {
  it("are drawn by all alike: golden, and the same as a program in Python draws from docs/protocol.md", () => {
    expect(drawBuckets(context, base, { hospitals: 12, buckets: 3 })).to.deep.equal([
      [0, 6, 7, 9],
      [1, 5, 8, 11],
      [2, 3, 4, 10],
    ]);
    expect(drawBuckets(context, base, { hospitals: 17, buckets: 4 })).to.deep.equal([
      [1, 5, 12, 14, 16],
      [4, 7, 10, 11],
      [0, 2, 13, 15],
      [3, 6, 8, 9],
    ]);
  });

  it("have each hospital once, and sizes that differ by one at most", () => {
    for (const [hospitals, buckets] of [
      [12, 3],
      [13, 3],
      [14, 3],
      [64, 16],
      [256, 7],
    ] as const) {
      const drawn = drawBuckets(context, base, { hospitals, buckets });
      const sizes = drawn.map(({ length }) => length);
      expect(drawn.flat().sort((a, b) => a - b)).to.deep.equal(Array.from({ length: hospitals }, (_, place) => place));
      expect(Math.max(...sizes) - Math.min(...sizes)).to.be.at.most(1);
      expect(sizes.length).to.equal(buckets);
      for (const places of drawn) expect(places).to.deep.equal([...places].sort((a, b) => a - b));
    }
  });

  it("are others for another base, round, contract or chain", () => {
    const drawing = { hospitals: 24, buckets: 3 };
    const drawn = JSON.stringify(drawBuckets(context, base, drawing));
    const others = [
      drawBuckets(context, baseOf("other"), drawing),
      drawBuckets({ ...context, round: 4 as RoundId }, base, drawing),
      drawBuckets({ ...context, contract: `0x${"c1".repeat(20)}` as typeof context.contract }, base, drawing),
      drawBuckets({ ...context, chainId: 1 }, base, drawing),
    ];
    for (const other of others) expect(JSON.stringify(other)).to.not.equal(drawn);
  });

  it("bring any two hospitals together as often as chance does", () => {
    const together = Array.from({ length: 12 }, () => new Array<number>(12).fill(0));
    const draws = 3000;
    for (let draw = 0; draw < draws; draw++) {
      for (const places of drawBuckets(context, baseOf(`${draw}`), { hospitals: 12, buckets: 3 })) {
        for (const a of places) for (const b of places) if (a < b) together[a]![b]!++;
      }
    }
    // 3 mates of 11; a standard deviation is 24.4. Five of them, for 66 pairs.
    const counts = together.flatMap((row, a) => row.filter((_, b) => b > a));
    expect(counts.length).to.equal(66);
    for (const count of counts) expect(Math.abs(count - (draws * 3) / 11)).to.be.below(5 * 24.4);
  });

  it("are never of fewer than four hospitals, and opened for more than two thirds of them, never for fewer than three", async () => {
    const code = (hospitals: number, buckets: number) =>
      codeOf(async () => drawBuckets(context, base, { hospitals, buckets }));
    expect(await code(12, 3)).to.equal(undefined);
    expect(await code(11, 3)).to.equal("BUCKETS_TOO_SMALL");
    expect(await code(15, 4)).to.equal("BUCKETS_TOO_SMALL");
    expect([4, 5, 6, 7, 8, 9].map(bucketRules.leastIncluded)).to.deep.equal([3, 4, 5, 5, 6, 7]);
    expect([3, 4, 5, 16].map(fewestBuckets)).to.deep.equal([2, 3, 3, 9]);
  });
});

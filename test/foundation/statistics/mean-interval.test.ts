import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import { meanInterval } from "../../../foundation/statistics/mean-interval.ts";

describe("the mean of a few measurements", () => {
  const halfOf = (values: readonly number[]) => {
    const { value, high } = meanInterval(values);
    return high - value;
  };
  /** So many values with deviation 1 and mean 0. */
  const spread = (count: number) => {
    const values = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : -1) as number);
    const variance = count / (count - 1);
    return values.map((value) => value / Math.sqrt(variance));
  };

  it("has the interval of Student's t, as worked by hand", () => {
    // 1, 2, 3: deviation 1, so half the width is 4.303 / sqrt 3.
    const { value, low, high } = meanInterval([1, 2, 3]);
    expect(value).to.equal(2);
    expect(high - value).to.be.closeTo(2.4843, 1e-3);
    expect(value - low).to.be.closeTo(2.4843, 1e-3);
  });

  it("takes the printed quantiles, also beyond its table", () => {
    for (const [count, t] of [
      [10, 2.2622],
      [22, 2.0796],
      [62, 1.9996],
      [122, 1.9798],
    ] as const) {
      expect(halfOf(spread(count)) * Math.sqrt(count)).to.be.closeTo(t, 4e-4);
    }
  });

  it("covers the truth 95 times of 100 from five values, and from thirty", () => {
    const next = seededIntegers("coverage", 1);
    const uniform = () => (next() + 1) / (2 ** 32 + 1);
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    for (const count of [5, 30]) {
      let covered = 0;
      for (let trial = 0; trial < 4000; trial++) {
        const { low, high } = meanInterval(Array.from({ length: count }, normal));
        if (low < 0 && high > 0) covered++;
      }
      expect(covered / 4000, `${count} values`).to.be.closeTo(0.95, 0.012);
    }
  });

  it("claims no interval from one value, and no mean from none", () => {
    expect(meanInterval([0.7])).to.deep.equal({ value: 0.7, low: Number.NaN, high: Number.NaN });
    expect(meanInterval([]).value).to.be.NaN;
  });
});

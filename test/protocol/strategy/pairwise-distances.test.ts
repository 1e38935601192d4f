// Distances decide which updates Krum takes: exact, or two machines could take different ones.
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { seededIntegers } from "../../../foundation/random.ts";
import { PairwiseDistances } from "../../../protocol/strategy/pairwise-distances.ts";
import { integerArray, largestInteger, type UpdateType } from "../../../protocol/update/integers.ts";

/** Three updates of this many integers of a type: at both ends of its range, and random. */
function updatesOf(type: UpdateType, length: number) {
  const limit = largestInteger[type];
  const next = seededIntegers("distances", type, length);
  const fills = [() => limit, () => -limit, () => (next() % (2 * limit + 1)) - limit];
  return fills.map((fill) => integerArray(type, length).map(fill));
}

describe("distances between updates", () => {
  it("are exact for each type, across tiles and runs, where float64 would round", () => {
    for (const type of ["I8", "I16", "I32"] as const) {
      for (const length of [1, 2, 31, 32, 33, 4096, 4097, 20_001]) {
        const updates = updatesOf(type, length);
        const distances = new PairwiseDistances(3, type, 0);
        const middle = Math.floor(length / 3);
        for (const [start, end] of [
          [0, middle],
          [middle, length],
        ] as const) {
          distances.add(
            updates.map((update) => update.subarray(start, end)),
            0,
          );
        }
        for (const [i, j] of [
          [0, 1],
          [0, 2],
          [1, 2],
        ] as const) {
          const exact = Array.from(updates[i]!).reduce(
            (sum, value, at) => sum + BigInt(value - updates[j]![at]!) ** 2n,
            0n,
          );
          expect(distances.squared(i, j), `${type} ${length} ${i} ${j}`).to.equal(exact);
          expect(distances.squared(j, i)).to.equal(exact);
        }
      }
    }
  });

  it("count each coordinate at its own step, in squares of the smallest", () => {
    const distances = new PairwiseDistances(2, "I16", -2);
    distances.add([Int16Array.of(3), Int16Array.of(0)], -2);
    distances.add([Int16Array.of(1, 0), Int16Array.of(0, 1)], 1);
    expect(distances.squared(0, 1)).to.equal(9n + 2n * 64n);
  });

  it("are zero from an update to itself, and unknown to one that is not there", () => {
    const distances = new PairwiseDistances(3, "I8", 0);
    distances.add([Int8Array.of(1), Int8Array.of(2), Int8Array.of(5)], 0);
    const rows = [0, 1, 2].map((i) => [0, 1, 2].map((j) => distances.squared(i, j)));
    expect(rows).to.deep.equal([
      [0n, 1n, 16n],
      [1n, 0n, 9n],
      [16n, 9n, 0n],
    ]);
    expect(() => distances.squared(2, 3))
      .to.throw()
      .that.satisfies((error: unknown) => isFedError(error, "UPDATE_UNKNOWN"));
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { isFedError } from "../../../foundation/errors.ts";
import { ColumnBuffers } from "../../../protocol/strategy/column-buffers.ts";
import { totalWeight } from "../../../protocol/strategy/weighted-sum.ts";
import { largestInteger, maxWeight, type UpdateType } from "../../../protocol/update/integers.ts";

const types: readonly UpdateType[] = ["I8", "I16", "I32"];

/** The sum by definition. */
function naiveSums(columns: readonly (readonly number[])[], weights: readonly number[], length: number): bigint[] {
  return Array.from({ length }, (_, index) =>
    columns.reduce((sum, column, hospital) => sum + BigInt(weights[hospital] ?? 0) * BigInt(column[index] ?? 0), 0n),
  );
}

function sumsOf(type: UpdateType, columns: readonly (readonly number[])[], weights: readonly number[], length: number) {
  const buffers = new ColumnBuffers(type, columns.length, length);
  return ([0, 1] as const).map((half) => {
    for (const [position, column] of buffers.columns(half, length).entries()) column.set(columns[position] ?? []);
    return [...buffers.summation(weights)(half, new Float64Array(length).fill(99))].map(BigInt);
  });
}

const cases = fc.constantFrom(...types).chain((type) => {
  const limit = largestInteger[type];
  const value = fc.oneof(fc.integer({ min: -limit, max: limit }), fc.constantFrom(limit, -limit));
  const weight = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: maxWeight }),
    fc.constantFrom(maxWeight, 2 ** 15 - 1, 2 ** 15, 2 ** 16),
  );
  return fc.integer({ min: 1, max: 40 }).chain((length) =>
    fc.record({
      type: fc.constant(type),
      length: fc.constant(length),
      hospitals: fc.array(fc.record({ weight, column: fc.array(value, { minLength: length, maxLength: length }) }), {
        minLength: 1,
        maxLength: 13,
      }),
    }),
  );
});

describe("weighted sums", () => {
  it("are the sums of arbitrary precision, for every type, weight and number of hospitals, in both halves", () => {
    fc.assert(
      fc.property(cases, ({ type, length, hospitals }) => {
        const columns = hospitals.map(({ column }) => column);
        const weights = hospitals.map(({ weight }) => weight);
        const expected = naiveSums(columns, weights, length);
        for (const found of sumsOf(type, columns, weights, length)) expect(found).to.deep.equal(expected);
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  it("are exact at the extreme: 1024 hospitals at the largest magnitude and the largest weight", () => {
    for (const type of types) {
      const columns = new Array<number[]>(1024).fill([largestInteger[type], -largestInteger[type]]);
      const weights = new Array<number>(1024).fill(maxWeight);
      const total = BigInt(totalWeight(weights, type));
      const [found] = sumsOf(type, columns, weights, 2);
      expect(found).to.deep.equal([total * BigInt(largestInteger[type]), -total * BigInt(largestInteger[type])]);
    }
  });

  it("are refused if they might not be exact, and if all weights are zero", () => {
    for (const [weights, type] of [
      [new Array<number>(1025).fill(1), "I16"],
      [new Array<number>(1024).fill(maxWeight + 1), "I32"],
      [[0, 0], "I16"],
    ] as const) {
      let code = "";
      try {
        totalWeight(weights, type);
      } catch (error) {
        if (isFedError(error)) code = error.code;
      }
      expect(code).to.equal("SUM_OVERFLOW");
    }
  });
});

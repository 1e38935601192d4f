import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes, type IncludedUpdate } from "../../../protocol/strategy/aggregate.ts";
import type { AggregationRule } from "../../../protocol/strategy/strategy.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { included, modelOf, planOf, updateOf } from "./small-federation.ts";

/** The largest value of each coordinate. */
const largest: AggregationRule = {
  name: "largest",
  requiredUpdates: () => 3,
  combine(columns, mean) {
    for (let at = 0; at < mean.length; at++) mean[at] = Math.max(...columns.map((column) => Number(column[at])));
  },
};

describe("a rule of one's own", () => {
  const plan = planOf("fedavg");
  const base = modelOf({ w: [10, 20] }, [-1]);
  const updates = [
    [4, -4],
    [8, 0],
    [-2, 6],
  ].map((q, index) => included(updateOf(base, plan, q), index, 1));
  const next = async (chosen: readonly IncludedUpdate[], rule?: AggregationRule) =>
    (await aggregateToBytes({ plan, base: memorySource(base), updates: chosen, memberCount: 3, rule })).model;

  it("stands in for the plan's: 10 + 8/2 and 20 + 6/2", async () => {
    const [tensor] = decodeSafetensors(await next(updates, largest)).tensors;
    expect([...tensor!.data]).to.deep.equal([14, 23]);
    expect(await next(updates, largest)).not.to.deep.equal(await next(updates));
  });

  it("gives the same bytes in any order of the updates", async () => {
    const [a, b, c] = updates as [IncludedUpdate, IncludedUpdate, IncludedUpdate];
    const first = await next([a, b, c], largest);
    for (const order of [
      [c, b, a],
      [b, a, c],
    ])
      expect(await next(order, largest)).to.deep.equal(first);
  });

  it("is refused with fewer updates than it asks for, by its own name", async () => {
    const error = await next(updates.slice(1), largest).catch((thrown: unknown) => thrown);
    expect(isFedError(error, "STRATEGY_TOO_FEW_UPDATES") && error.facts["strategy"]).to.equal("largest");
  });
});

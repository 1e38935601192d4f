import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes, type IncludedUpdate } from "../../../protocol/strategy/aggregate.ts";
import { requiredUpdates } from "../../../protocol/strategy/registry.ts";
import type { StrategyName, StrategySpec } from "../../../protocol/strategy/strategy-spec.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { included, modelOf, planOf, updateOf } from "./small-federation.ts";

type Plan = ReturnType<typeof planOf>;

async function nextModel(
  plan: Plan,
  base: Uint8Array,
  updates: readonly IncludedUpdate[],
  memberCount = updates.length,
) {
  return (await aggregateToBytes({ plan, base: memorySource(base), updates, memberCount })).model;
}

function values(model: Uint8Array): Record<string, number[]> {
  return Object.fromEntries(decodeSafetensors(model).tensors.map(({ name, data }) => [name, [...data]]));
}

/** The model [10, 20] at steps of 1/2, moved by updates of two integers each. */
async function moved(plan: Plan, integers: readonly (readonly number[])[], counts: readonly number[] = []) {
  const base = modelOf({ w: [10, 20] }, [-1]);
  const updates = integers.map((q, index) => included(updateOf(base, plan, q), index, counts[index] ?? 1));
  return values(await nextModel(plan, base, updates));
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => (isFedError(error) ? error.code : String(error)),
  );
}

describe("aggregate, by hand", () => {
  it("FedAvg weighs updates by samples: 10 + 1/2 (1*4 + 3*8) / 4", async () => {
    expect(
      await moved(
        planOf("fedavg"),
        [
          [4, -4],
          [8, 0],
        ],
        [1, 3],
      ),
    ).to.deep.equal({ w: [13.5, 19.5] });
  });

  it("FedAvg holds a large hospital to its share: of 1, 1 and 100 samples at most half counts as 1, 1 and 2", async () => {
    const plan = planOf("fedavg", { strategy: { maxSharePermille: 500 } });
    expect(
      await moved(
        plan,
        [
          [4, 0],
          [4, 0],
          [8, 8],
        ],
        [1, 1, 100],
      ),
    ).to.deep.equal({ w: [13, 22] });
  });

  it("FedAvgM adds half of the last velocity: delta 2 then 2 moves by 2 and by 3", async () => {
    const plan = planOf("fedavgm");
    const base = modelOf({ w: [10] }, [-1]);
    const first = await nextModel(plan, base, [included(updateOf(base, plan, [4]), 0)]);
    expect(values(first)).to.deep.equal({ w: [12], "server/momentum/w": [2] });
    const second = await nextModel(plan, first, [included(updateOf(first, plan, [4]), 0)]);
    expect(values(second)).to.deep.equal({ w: [15], "server/momentum/w": [3] });
  });

  it("FedAdagrad divides by the root of all squares: delta 2: v = 4, x = 10 + 0.5 * 2 / 2.25", async () => {
    expect(await moved(planOf("fedadagrad"), [[4, 0]])).to.deep.equal({
      w: [Math.fround(10 + 1 / 2.25), 20],
      "server/second/w": [4, 0],
    });
  });

  it("FedAdam keeps both moments: delta 2: m = 1, v = 1, x = 10 + 0.5 * 1 / 1.25", async () => {
    expect(await moved(planOf("fedadam"), [[4, 0]])).to.deep.equal({
      w: [Math.fround(10.4), 20],
      "server/first/w": [1, 0],
      "server/second/w": [1, 0],
    });
  });

  it("FedYogi's second moment moves by a constant share of delta squared: 0 to 1 for 2, then to 0.9375 for 1/2", async () => {
    const plan = planOf("fedyogi");
    const base = modelOf({ w: [10] }, [-1]);
    const first = await nextModel(plan, base, [included(updateOf(base, plan, [4]), 0)]);
    expect(values(first)).to.deep.equal({ w: [Math.fround(10.4)], "server/first/w": [1], "server/second/w": [1] });
    const second = await nextModel(plan, first, [included(updateOf(first, plan, [1]), 0)]);
    expect(values(second)["server/second/w"]).to.deep.equal([0.9375]); // Adam's would be 0.8125
  });

  it("SCAFFOLD moves the server's control variate by the share of members that sent: 2 of 4, mean 3", async () => {
    const plan = planOf("scaffold");
    const base = modelOf({ w: [10] }, [0, -1]); // control/w at steps of 1, w at steps of 1/2
    const updates = [
      [2, 4],
      [4, 8],
    ].map((q, index) => included(updateOf(base, plan, q), index));
    expect(values(await nextModel(plan, base, updates, 4))).to.deep.equal({ w: [13], "server/control/w": [1.5] });
  });

  it("the median takes the middle of three and the mean of the two middles of four", async () => {
    expect(
      await moved(planOf("median"), [
        [1, 9],
        [5, 2],
        [300, 4],
      ]),
    ).to.deep.equal({ w: [12.5, 22] });
    expect(
      await moved(planOf("median"), [
        [1, 0],
        [5, 0],
        [300, 0],
        [6, 0],
      ]),
    ).to.deep.equal({ w: [12.75, 20] });
  });

  it("the trimmed mean leaves out the smallest and the largest: of -300, 2, 4, 6, 300 the mean is 4", async () => {
    expect(
      await moved(planOf("trimmed-mean"), [
        [2, 0],
        [300, 0],
        [4, 0],
        [-300, 0],
        [6, 0],
      ]),
    ).to.deep.equal({
      w: [12, 20],
    });
  });

  it("Krum takes the update whose two nearest neighbours are nearest", async () => {
    // Distances within {0, 2, 5, 6} and to 100: scores 4+25, 4+9, 9+1, 1+16, ...: the third wins.
    expect(
      await moved(planOf("krum"), [
        [0, 0],
        [2, 0],
        [5, 0],
        [6, 0],
        [100, 0],
      ]),
    ).to.deep.equal({ w: [12.5, 20] });
  });

  it("multi-Krum averages the two best of five by their samples", async () => {
    // The best are 5 (score 10) and 2 (score 13): (3 * 2 + 1 * 5) / 4 = 2.75
    const plan = planOf("multi-krum");
    expect(
      await moved(
        plan,
        [
          [0, 0],
          [2, 0],
          [5, 0],
          [6, 0],
          [100, 0],
        ],
        [1, 3, 1, 1, 1],
      ),
    ).to.deep.equal({
      w: [11.375, 20],
    });
  });

  it("Bulyan averages the values nearest to the median of what Krum picked", async () => {
    // n = 7, f = 1: five are picked, of which the three nearest to their median count. The attacker at 1000 is never picked.
    const q = [
      [0, 0],
      [2, 0],
      [4, 0],
      [6, 0],
      [8, 0],
      [10, 0],
      [1000, 0],
    ];
    const { w } = await moved(planOf("bulyan"), q);
    expect(w).to.deep.equal([12, 20]);
  });

  it("the geometric median of points on a line is the middle one, however far the others are", async () => {
    const { w } = await moved(planOf("geometric-median", { strategy: { iterations: 100 } }), [
      [0, 0],
      [8, 0],
      [1000, 0],
    ]);
    expect(w?.[0]).to.be.closeTo(14, 1);
  });
});

describe("aggregate refuses", () => {
  const five = [
    [0, 0],
    [2, 0],
    [5, 0],
    [6, 0],
    [100, 0],
  ];

  it("Krum for n <= 2f + 2, Bulyan for n < 4f + 3 and a trimmed mean for n <= 2f", async () => {
    for (const name of ["krum", "multi-krum"] as const) {
      expect(await codeOf(moved(planOf(name), five.slice(1)))).to.equal("STRATEGY_TOO_FEW_UPDATES");
    }
    expect(await codeOf(moved(planOf("bulyan"), [...five, [1, 1]]))).to.equal("STRATEGY_TOO_FEW_UPDATES");
    expect(await codeOf(moved(planOf("trimmed-mean"), five.slice(3)))).to.equal("STRATEGY_TOO_FEW_UPDATES");
    expect(await codeOf(moved(planOf("fedavg"), []))).to.equal("STRATEGY_TOO_FEW_UPDATES");
    const least = (name: StrategyName, byzantine: number) =>
      requiredUpdates({ ...planOf(name).strategy, byzantine } as StrategySpec);
    for (const byzantine of [1, 2, 5]) {
      expect(least("krum", byzantine)).to.equal(2 * byzantine + 3);
      expect(least("multi-krum", byzantine)).to.equal(2 * byzantine + 3);
      expect(least("bulyan", byzantine)).to.equal(4 * byzantine + 3);
      expect(least("trimmed-mean", byzantine)).to.equal(2 * byzantine + 1);
    }
    const others = [
      "fedavg",
      "fedavgm",
      "fedadam",
      "fedyogi",
      "fedadagrad",
      "scaffold",
      "median",
      "geometric-median",
    ] as const;
    for (const name of others) expect(least(name, 1), name).to.equal(1);
  });

  it("sample counts above the cap, at zero, and fractions", async () => {
    for (const count of [1001, 0, 1.5]) {
      expect(await codeOf(moved(planOf("fedavg"), [[1, 1]], [count]))).to.equal("SAMPLE_CAP_EXCEEDED");
    }
  });

  it("two updates of one member, and an update older than the plan allows", async () => {
    const plan = planOf("fedavg");
    const base = modelOf({ w: [1] });
    const update = updateOf(base, plan, [1]);
    expect(await codeOf(nextModel(plan, base, [included(update, 3), included(update, 3)]))).to.equal(
      "UPDATE_DUPLICATE",
    );
    expect(await codeOf(nextModel(plan, base, [included(update, 3, 1, 3)]))).to.equal("UPDATE_TOO_OLD");
  });

  it("an update of other tensors than the base's", async () => {
    const plan = planOf("fedavg");
    const update = updateOf(modelOf({ v: [1] }), plan, [1]);
    expect(await codeOf(nextModel(plan, modelOf({ w: [1] }), [included(update, 0)]))).to.equal("UPDATE_MALFORMED");
  });

  it("a base with a number that is not finite", async () => {
    const plan = planOf("fedavg");
    const base = modelOf({ w: [Number.NaN] });
    expect(await codeOf(nextModel(plan, base, [included(updateOf(base, plan, [1]), 0)]))).to.equal("MODEL_NOT_FINITE");
  });
});

import { expect } from "chai";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import { type Plan, planSchema } from "../../../protocol/format/plan.ts";
import { planFaults } from "../../../protocol/strategy/plan-faults.ts";
import type { StrategyName } from "../../../protocol/strategy/strategy-spec.ts";
import { planOf } from "./small-federation.ts";

/** The codes of a plan with this strategy and share of coordinates. */
function faultsOf(name: StrategyName, topFraction: number, optimiser: object = { name: "sgd" }): string[] {
  const { strategy } = planOf(name);
  const plan = defaultPlan();
  const training = { ...plan.training, optimiser } as Plan["training"];
  return planFaults({ ...plan, strategy, training, update: { ...plan.update, topFraction } }).map(({ code }) => code);
}

describe("faults of a plan", () => {
  it("are sparse updates under rules that take the middle of each coordinate, and only these", () => {
    for (const name of ["median", "trimmed-mean", "bulyan"] as const) {
      expect(faultsOf(name, 1), name).to.deep.equal([]);
      expect(faultsOf(name, 0.99), name).to.deep.equal(["STRATEGY_NEEDS_DENSE"]);
    }
    for (const name of ["fedavg", "krum", "fedadam"] as const) expect(faultsOf(name, 0.01), name).to.deep.equal([]);
  });

  it("are SCAFFOLD's control variates without plain gradients", () => {
    expect(faultsOf("scaffold", 1, { name: "adam" })).to.deep.equal(["STRATEGY_NEEDS_SGD"]);
    expect(faultsOf("scaffold", 1)).to.deep.equal([]);
    expect(faultsOf("fedavg", 1, { name: "adam" })).to.deep.equal([]);
  });

  describe("with private sums", () => {
    const plan = defaultPlan();
    const good: Plan = {
      ...plan,
      strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
      minUpdates: 3,
      privacy: { mode: "sum", unitWeight: 128, largest: 2047, maxSeals: plan.rounds },
    };
    const codes = (changes: Partial<Plan>) => planFaults({ ...good, ...changes }).map(({ code }) => code);
    const privacy = good.privacy!;

    it("are none for a weighted mean or a server optimiser, dense, on time, of three or more", () => {
      expect(planFaults(good)).to.deep.equal([]);
      for (const name of ["fedavgm", "fedadam", "fedyogi", "fedadagrad"] as const) {
        const strategy = { ...planOf(name).strategy, maxSharePermille: 1000, maxStaleness: 0 };
        expect(codes({ strategy }), name).to.deep.equal([]);
      }
    });

    it("are rules, sparse updates and late ones, which need single updates", () => {
      for (const name of ["median", "trimmed-mean", "krum", "multi-krum", "bulyan", "geometric-median"] as const) {
        const strategy = { ...planOf(name).strategy, maxSharePermille: 1000, maxStaleness: 0 };
        expect(codes({ strategy }), name).to.deep.equal(["STRATEGY_NEEDS_UPDATES"]);
      }
      expect(codes({ update: { ...good.update, topFraction: 0.5 } })).to.deep.equal(["STRATEGY_NEEDS_UPDATES"]);
      expect(codes({ strategy: { ...good.strategy, maxStaleness: 1 } })).to.deep.equal(["STRATEGY_NEEDS_UPDATES"]);
    });

    it("are what would bound a hidden weight, say something about one hospital, or end before the plan", () => {
      const conflict = ["PRIVATE_PLAN_CONFLICT"];
      expect(codes({ strategy: { ...good.strategy, maxSharePermille: 999 } })).to.deep.equal(conflict);
      expect(codes({ reports: ["finalLoss"] })).to.deep.equal(conflict);
      expect(codes({ minUpdates: 2 })).to.deep.equal(conflict);
      expect(codes({ privacy: { ...privacy, maxSeals: plan.rounds - 1 } })).to.deep.equal(conflict);
      expect(codes({ update: { ...good.update, type: "I8" } })).to.deep.equal(conflict);
      expect(codes({ update: { ...good.update, type: "I8" }, privacy: { ...privacy, largest: 127 } })).to.deep.equal(
        [],
      );
    });

    describe("and buckets", () => {
      const median = { ...planOf("median").strategy, maxSharePermille: 1000, maxStaleness: 0 };
      const trimmed = (byzantine: number) => ({ ...median, name: "trimmed-mean", byzantine }) as Plan["strategy"];
      const bucketed: Plan = { ...good, strategy: median, minUpdates: 9, privacy: { ...privacy, buckets: 3 } };
      const found = (changes: Partial<Plan>) => planFaults({ ...bucketed, ...changes }).map(({ code }) => code);

      it("are none for a rule that takes the middle of each coordinate", () => {
        expect(found({})).to.deep.equal([]);
        expect(found({ strategy: trimmed(1) })).to.deep.equal([]);
        const five = { minUpdates: 14, privacy: { ...privacy, buckets: 5 } };
        expect(found({ ...five, strategy: trimmed(2) })).to.deep.equal([]);
      });

      it("are a rule that is not robust over them, or that leaves out none or all of them", () => {
        const conflict = ["PRIVATE_PLAN_CONFLICT"];
        for (const name of ["fedavg", "fedadam", "krum", "bulyan", "geometric-median"] as const) {
          const strategy = { ...planOf(name).strategy, maxSharePermille: 1000, maxStaleness: 0 };
          expect(found({ strategy }), name).to.deep.equal(conflict);
        }
        expect(found({ strategy: trimmed(0) })).to.deep.equal(conflict);
        expect(found({ strategy: trimmed(2) })).to.deep.equal(conflict);
      });

      it("are rounds of so few updates that a bucket could be of fewer than four hospitals", () => {
        expect(found({ minUpdates: 8 })).to.deep.equal(["BUCKETS_TOO_SMALL"]);
        expect(found({ privacy: { ...privacy, buckets: 4 } })).to.deep.equal(["BUCKETS_TOO_SMALL"]);
        expect(found({ minUpdates: 11, privacy: { ...privacy, buckets: 4 } })).to.deep.equal([]);
      });

      it("are noise, of which each hospital would have to add the whole", () => {
        const patient = { samplingRate: 0.5, clipNorm: 0.5, integerNorm: 64, noiseMultiplier: 2, delta: 1e-5 };
        expect(found({ privacy: { ...privacy, buckets: 3, patient } })).to.include("PRIVATE_PLAN_CONFLICT");
        const whys = planFaults({ ...bucketed, privacy: { ...privacy, buckets: 3, patient } }).map(({ why }) => why);
        expect(whys.some((why) => why.includes("the whole noise"))).to.equal(true);
      });

      it("are no plan: fewer than three buckets, more than sixteen, or a part of one", () => {
        for (const buckets of [0, 1, 2, 17, 3.5]) {
          const plan = { ...bucketed, privacy: { ...privacy, buckets } };
          expect(planSchema.safeParse(plan).success, `${buckets}`).to.equal(false);
        }
      });
    });

    it("is no plan: a mode or a noise that no software offers, a weight that is no power of two", () => {
      const isPlan = (changed: object) =>
        planSchema.safeParse({ ...good, privacy: { ...privacy, ...changed } }).success;
      expect(isPlan({})).to.equal(true);
      const refused = [
        ...[{ mode: "groups" }, { noise: { epsilon: 5 } }, { unitWeight: 100 }, { unitWeight: 2 ** 21 }],
        ...[{ largest: 32768 }, { largest: 0 }, { maxSeals: 0 }],
      ];
      for (const changed of refused) expect(isPlan(changed), JSON.stringify(changed)).to.equal(false);
    });
  });
});

// The plan that a cross-validation's capsules follow, from its options or from a file.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodePlan } from "../../protocol/format/plan.ts";
import { askedPlan, fittedPlan } from "../../scripts/cross-validate/capsule-plan.ts";
import { parseCrossOptions } from "../../scripts/cross-validate/options.ts";
import { planFrom } from "../../scripts/plan/plan-from-choices.ts";

describe("the capsules' plan of a cross-validation", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-cross-plan-"));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const options = (changes: Record<string, unknown> = {}) =>
    parseCrossOptions({
      ...{ shard: "./shard", out: "./out", rows: "compact", folds: "5", seed: "3", trainings: "1", stop: "best" },
      ...{ hospitals: "4", partition: "equal", cnnSide: "64", cnnEpochs: "1" },
      ...changes,
    });
  const refusal = async (changes: Record<string, unknown>) => {
    try {
      await askedPlan(options(changes));
    } catch (error) {
      return (error as { code: string }).code;
    }
    return undefined;
  };

  it("has the server's rule, the optimiser, the updates and the sides that were asked for", async () => {
    const asked = {
      strategy: "fedavgm",
      serverMomentum: "0.5",
      optimiser: "sgd",
      clipNorm: "4",
      rounds: "2",
      side: "32",
    };
    const plan = await askedPlan(options(asked));
    expect(plan.strategy).to.include({ name: "fedavgm", momentum: 0.5 });
    expect(plan.training.optimiser.name).to.equal("sgd");
    expect(plan.update.clipNorm).to.equal(4);
    expect(plan).to.include({ rounds: 2, seed: 3 });
    expect(plan.model).to.deep.include({ mirror: true, input: { slices: 8, height: 32, width: 32, channels: 1 } });
    expect((await askedPlan(options({ mirror: false }))).model).not.to.have.property("mirror");
  });

  it("is a file's as it is, but for the seed of the cross-validation", async () => {
    const file = join(dir, "plan.json");
    const written = planFrom({ strategy: "scaffold", rounds: 3, seed: 9, mirror: true });
    await writeFile(file, encodePlan(written));
    const plan = await askedPlan(options({ plan: file }));
    expect(plan).to.deep.equal({ ...written, seed: 3, software: "consilium" });
  });

  it("takes no more pixels and slices than the scans have", async () => {
    const scans = [1, 3].map((slices) => ({ patient: String(slices), label: 0 as const, slices }));
    const plan = fittedPlan(await askedPlan(options()), { height: 48, width: 96, channels: 2, scans });
    expect(plan.model.input).to.deep.equal({ slices: 3, height: 48, width: 48, channels: 2 });
  });

  it("is refused where an option is wrong, or the plan is none that can be cross-validated", async () => {
    const wrong = [
      ...[{ partition: "dirichlet" }, { rows: "compact,resnet" }, { archive: "x" }, { folds: "1" }, { stop: "first" }],
      ...[{ localEpochs: "0" }, { serverMomentum: "0.5" }, { side: "8" }],
    ];
    for (const changes of wrong) expect(await refusal(changes), JSON.stringify(changes)).to.equal("OPTION_INVALID");
    const plan = join(dir, "given.json");
    for (const choices of [{}, { private: true }, { height: 32 }]) {
      await writeFile(plan, encodePlan(planFrom(choices)));
      const more = Object.keys(choices).length > 0 ? {} : { rounds: "2" };
      expect(await refusal({ plan, ...more }), JSON.stringify(choices)).to.equal("OPTION_INVALID");
    }
    expect(await refusal({ plan, mirror: false })).to.equal("OPTION_INVALID");
    expect(await refusal({ strategy: "scaffold", optimiser: "adam" })).to.equal("STRATEGY_NEEDS_SGD");
    expect(await refusal({ plan: join(dir, "none.json") })).to.equal("FILE_UNREADABLE");
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodePlan } from "../../../protocol/format/plan.ts";
import { planFrom } from "../../../scripts/plan/plan-from-choices.ts";
import { wantedPlan } from "../../../scripts/simulate/plan.ts";
import { parseSettings } from "../../../scripts/simulate/settings.ts";

describe("a simulation's settings", () => {
  it("give every hospital patients, also where there are a hundred hospitals", () => {
    expect(parseSettings({}).patients).to.equal(96);
    expect(parseSettings({ hospitals: "100" }).patients).to.equal(600);
    expect(parseSettings({ hospitals: "100", patients: "200" }).patients).to.equal(200);
  });

  it("are the same when they are read again from a run", () => {
    const settings = parseSettings({ hospitals: "20", rounds: "2" });
    expect(parseSettings(JSON.parse(JSON.stringify(settings)))).to.deep.equal(settings);
  });
});

describe("a simulation's plan", () => {
  it("takes no more slices than the scans have, unless they are asked for", async () => {
    const slicesOf = async (options: object, mostSlices?: number) =>
      (await wantedPlan(parseSettings(options), mostSlices)).model.input.slices;
    expect(await slicesOf({})).to.equal(8);
    expect(await slicesOf({}, 24)).to.equal(8);
    expect(await slicesOf({}, 1)).to.equal(1);
    expect(await slicesOf({ slices: "4" }, 1)).to.equal(4);
  });

  it("has the network that was asked for, and the input that it takes", async () => {
    const { model, rounds } = await wantedPlan(parseSettings({ preset: "standard" }), 24);
    expect(rounds).to.equal(16);
    expect(model).to.deep.include({ preset: "standard", input: { slices: 8, height: 128, width: 128, channels: 1 } });
    expect((await wantedPlan(parseSettings({}), 24)).model.preset).to.equal("compact");
  });

  it("is abandoned by fewer than half of the hospitals, unless another number is asked for", async () => {
    expect((await wantedPlan(parseSettings({ hospitals: "7" }))).minUpdates).to.equal(4);
    expect((await wantedPlan(parseSettings({ hospitals: "7", minUpdates: "2" }))).minUpdates).to.equal(2);
    const buckets = { private: true, buckets: "3" };
    expect((await wantedPlan(parseSettings({ hospitals: "12", ...buckets }))).minUpdates).to.equal(9);
    const few = await wantedPlan(parseSettings({ hospitals: "11", ...buckets })).catch(({ code }) => code);
    expect(few).to.equal("BUCKETS_TOO_SMALL");
  });

  it("is a given file as it is, beside which no option decides the plan", async () => {
    const folder = await mkdtemp(join(tmpdir(), "consilium-plan-"));
    try {
      const plan = join(folder, "plan.json");
      await writeFile(plan, encodePlan(planFrom({ strategy: "median", slices: 3, rounds: 2 })));
      expect(await wantedPlan(parseSettings({ plan, seed: "5" }), 1)).to.deep.equal(
        planFrom({ strategy: "median", slices: 3, rounds: 2 }),
      );
      expect(() => parseSettings({ plan, rounds: "3" }))
        .to.throw()
        .with.property("code", "OPTION_INVALID");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

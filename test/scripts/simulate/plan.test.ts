import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { genesisWeights } from "../../../model/training/trainer.ts";
import { planFrom } from "../../../scripts/plan/plan-from-choices.ts";
import { ensurePlan } from "../../../scripts/simulate/plan.ts";
import { openRunDirectory } from "../../../scripts/simulate/run-directory.ts";
import { parseSettings } from "../../../scripts/simulate/settings.ts";
import { expectCode } from "../../suites/blob-store.ts";

describe("the plan of a simulation", function () {
  this.timeout(60_000);
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-simulated-plan-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("begins with the model that is given, and refuses one of another network", async () => {
    const firstModel = join(dir, "first.safetensors");
    const given = genesisWeights(planFrom({ seed: 99 }));
    await writeFile(firstModel, given);
    const open = (name: string, options: object) => {
      const settings = parseSettings({ firstModel, ...options });
      return openRunDirectory(join(dir, name), { kind: "new", settings, fresh: true });
    };
    const { genesis, plan } = await ensurePlan(await open("run", { rounds: 3 }), 8);
    expect(Buffer.compare(genesis, given)).to.equal(0);
    expect([plan.rounds, plan.seed]).to.deep.equal([3, 7]);
    const other = await open("other", { preset: "iv3" });
    await expectCode(() => ensurePlan(other, 8), "PLAN_FAILED");
  });
});

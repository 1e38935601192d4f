import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodePlan } from "../../protocol/format/plan.ts";
import { epsilonOf } from "../../protocol/private/accountant.ts";
import { planFrom } from "../../scripts/plan/plan-from-choices.ts";
import { privacyCommand } from "../../scripts/privacy.ts";
import { printedBy } from "./printed-by.ts";

const run = (...args: string[]) => printedBy(privacyCommand, args);

describe("consilium privacy", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-privacy-"));
  });
  after(() => rm(dir, { recursive: true }));

  it("says what a plan costs before it starts: one round, all rounds, all sums that the contract allows", async () => {
    const file = join(dir, "noisy.json");
    const plan = planFrom({ private: true, epsilon: 6, rounds: 10, samplingRate: 0.2 });
    await writeFile(file, encodePlan(plan));
    const { costs, spent } = JSON.parse(await run("privacy", file, "--json"));
    expect(spent).to.equal(undefined);
    expect(costs.map(({ openings }: { openings: number }) => openings)).to.deep.equal([1, 10, 13]);
    expect(costs[2].epsilon).to.equal(epsilonOf(plan.privacy!.patient!, 13, 1e-5));
    expect(await run("privacy", file)).to.match(/13 sums, the most that the contract opens +13 +[56]\.\d\d/);
  });

  it("refuses a plan without noise, with the command that writes one", async () => {
    const file = join(dir, "exact.json");
    await writeFile(file, encodePlan(planFrom({ private: true })));
    const error = await run("privacy", file).catch((caught: { code?: string; remedy?: string }) => caught);
    expect(error).to.have.property("code", "PRIVACY_NOT_PLANNED");
    expect((error as { remedy: string }).remedy).to.include("--epsilon");
  });
});

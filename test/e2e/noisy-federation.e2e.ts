// A federation with differential privacy, by real processes on a real chain: what it costs is said before and after, and no round follows
// when the budget is spent.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { epsilonOf } from "../../protocol/private/accountant.ts";
import { showEpsilon } from "../../protocol/private/privacy-cost.ts";
import { auditCommand } from "../../scripts/audit.ts";
import { planFrom } from "../../scripts/plan/plan-from-choices.ts";
import { privacyCommand } from "../../scripts/privacy.ts";
import { statusCommand } from "../../scripts/status.ts";
import { printedBy } from "../scripts/printed-by.ts";
import { RealFederation } from "./real-federation.ts";

const rounds = 2;
const { privacy, training, update, strategy, sampleCap, minUpdates } = planFrom({
  ...{ private: true, epsilon: 8, rounds },
  maxSeals: rounds,
});
const noisy = { privacy: privacy!, training, update, strategy, sampleCap, minUpdates };
const { patient } = noisy.privacy;
const withinMs = 600_000;

describe("a federation of real processes with differential privacy", function () {
  this.timeout(1_200_000);
  let federation: RealFederation;
  afterEach(() => federation.stop());

  const here = () => ["--federation", federation.files.federation, "--rpc", federation.rpc];
  const status = () => printedBy(statusCommand, ["status", ...here()]);
  const told = (event: string) => federation.events.filter((each) => each.event === event);

  it("trains to its last round, ends verified, and says what was spent of the budget", async () => {
    federation = await RealFederation.found({ rounds, trains: true, plan: noisy, terms: { commitPeriod: 120 } });
    await federation.start();
    const finished = () => new Set(told("finished").map((each) => each["hospital"] ?? each["aggregator"]));
    await federation.until(() => finished().size === 5, { withinMs });

    const epsilon = showEpsilon(epsilonOf(patient!, rounds, patient!.delta));
    const spent = await printedBy(privacyCommand, ["privacy", federation.files.plan, "--spent", ...here()]);
    expect(spent).to.include(`spent: epsilon ${epsilon} in ${rounds} of ${rounds} sums`);
    expect(spent).to.include("The privacy budget is spent: this federation opens no round any more.");
    expect(await status()).to.match(/sums +2 of at most 2 opened/);
    expect(await status()).to.include("no round opens here any more");
    const stores = [federation.aggregator, ...federation.hospitals].map(({ name }) => federation.storeOf(name));
    const audit = await printedBy(auditCommand, ["audit", ...here(), "--store", ...stores]);
    expect(audit).to.include("VERIFIED").and.include(`epsilon ${epsilon} at delta ${patient!.delta}`);
    const { privacyCost, verdict } = await federation.audit();
    expect(verdict).to.equal("verified");
    expect(privacyCost).to.include({ openings: rounds, epsilon: epsilonOf(patient!, rounds, patient!.delta) });
  });

  it("opens no round beyond its budget and says so, with a hospital killed behind the draw of its coins", async () => {
    // A round that fails after its seal is charged too: then the budget ends before the plan's rounds, as here.
    const plan = { ...noisy, privacy: { ...noisy.privacy, maxSeals: 1 } };
    federation = await RealFederation.found({ rounds, plan, trainMs: 3000, terms: { commitPeriod: 120 } });
    await federation.start();
    const { name, address } = federation.hospitals[0]!;
    await federation.until(() => told("training").some(({ hospital }) => hospital === address), { withinMs });
    await federation.kill(name);
    const coins = () => readFile(join(federation.storeOf(name), "secrets", "coins.1"), "hex");
    const before = await coins();
    const trainings = told("training").length;
    await federation.startParty(name);
    const trainsAgain = () =>
      told("training")
        .slice(trainings)
        .some(({ hospital }) => hospital === address);
    await federation.until(trainsAgain, { withinMs });
    expect(await coins()).to.equal(before);

    await federation.until(() => told("budget-spent").length === 5, { withinMs });
    for (const event of told("budget-spent")) expect(event).to.include({ seals: 1, maxSeals: 1 });
    const [round, ...further] = await federation.rounds();
    expect(further).to.deep.equal([]);
    expect(round!.seal!.included).to.include(address);
    expect(await status()).to.include("no round opens here any more");
    for (const party of [federation.aggregator, ...federation.hospitals]) {
      expect(await federation.log(party.name)).not.to.include("SEALS_EXHAUSTED");
    }
    expect((await federation.audit()).verdict).to.equal("verified");
  });
});

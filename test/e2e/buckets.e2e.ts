// Twelve hospitals in three buckets, by real processes on a real chain.
import { expect } from "chai";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { auditCommand } from "../../scripts/audit.ts";
import { printedBy } from "../scripts/printed-by.ts";
import { RealFederation } from "./real-federation.ts";

const hospitals = 12;
const privacy: PrivacySpec = { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 4, buckets: 3 };
const strategy = { name: "median", maxSharePermille: 1000, maxStaleness: 0 } as const;
const plan = { privacy, strategy, minUpdates: 9 };
const terms = { commitPeriod: 240, proposePeriod: 120, attestPeriod: 120 };
const withinMs = 900_000;

describe("a federation of real processes with buckets", function () {
  this.timeout(1_200_000);
  let federation: RealFederation;
  afterEach(() => federation.stop());

  it("opens the sum of each bucket, and every model is derived again from them", async () => {
    federation = await RealFederation.found({ hospitals, rounds: 1, weights: 100, plan, terms });
    await federation.start();
    await federation.untilAdopted(1, { withinMs });
    const report = await federation.audit();
    expect(report.verdict).to.equal("verified");
    const [round] = report.rounds;
    const buckets = round!.seal!.buckets!;
    expect(buckets.map(({ drawn, outcome }) => [drawn.length, outcome])).to.deep.equal(
      new Array(3).fill([4, "summed"]),
    );
    const drawn = buckets.flatMap((bucket) => bucket.drawn);
    expect(drawn).to.have.members(federation.hospitals.map(({ address }) => address));
    const stores = federation.hospitals.slice(0, 3).map(({ name }) => federation.storeOf(name));
    const { files, rpc } = federation;
    const all = ["audit", "--federation", files.federation, "--rpc", rpc, "--store", ...stores];
    expect(await printedBy(auditCommand, all)).to.include("1 of at most 4 rounds with sums of buckets");
  });
});

// Twelve hospitals in three buckets on a real chain, with keys, stores and connections of their own, in one process: twelve would take
// minutes to start.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runFederation } from "../../bench/simulate/run-federation.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { encodeSafetensors } from "../../protocol/format/safetensors.ts";
import { auditCommand } from "../../scripts/audit.ts";
import { hospitalName } from "../../scripts/simulate/identities.ts";
import { printedBy } from "../scripts/printed-by.ts";

const hospitals = 12;

describe("a federation with buckets", function () {
  this.timeout(600_000);

  it("opens the sum of each bucket, and every model is derived again from them", async () => {
    const dir = await mkdtemp(join(tmpdir(), "consilium-e2e-"));
    const genesis = encodeSafetensors([{ name: "w", dtype: "F32", shape: [100], data: new Float32Array(100) }]);
    const plan = {
      ...defaultPlan({ rounds: 1 }),
      minUpdates: 9,
      strategy: { name: "median", maxSharePermille: 1000, maxStaleness: 0 } as const,
      privacy: { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 4, buckets: 3 } as const,
    };
    await runFederation({ hospitals, dir: join(dir, "run"), plan, genesis }, (weights, seed) => {
      for (let i = 0; i < weights.length; i++) weights[i]! += 1e-3 * (1 + (seed % 100) / 100);
    });
    const at = (...parts: readonly string[]) => join(dir, "run", ...parts);
    const printed = await printedBy(auditCommand, ["audit", "--run-dir", at(), "--out", at("audit")]);
    expect(printed).to.include("VERIFIED").and.include("1 of at most 4 rounds with sums of buckets");
    const report = JSON.parse(await readFile(at("audit", "report.json"), "utf8"));
    const { buckets } = report.rounds[0].seal;
    expect(buckets.map(({ drawn, outcome }: never) => [(drawn as string[]).length, outcome])).to.deep.equal(
      new Array(3).fill([4, "summed"]),
    );
    const keystores = Array.from({ length: hospitals }, (_, index) => at(hospitalName(index), "keystore.json"));
    const addresses = await Promise.all(
      keystores.map(async (file) => `0x${JSON.parse(await readFile(file, "utf8")).address.replace(/^0x/, "")}`),
    );
    expect(buckets.flatMap(({ drawn }: { drawn: string[] }) => drawn)).to.have.members(addresses);
    await rm(dir, { recursive: true });
  });
});

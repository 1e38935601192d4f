// A hospital's day with its PACS, a real Orthanc: new studies join the shard, and results go back to the patient's study.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { DailyResults } from "./pacs/orthanc-daily.ts";
import { missingForOrthanc } from "./pacs/orthanc-server.ts";
import { runApart } from "./pacs/run-apart.ts";

describe("a day with Orthanc", function () {
  this.timeout(600_000);
  let root: string;
  let results: DailyResults;

  before(async function () {
    const missing = missingForOrthanc();
    if (missing !== undefined) {
      console.log(`      skipped: ${missing} not here`);
      this.skip();
    }
    root = await mkdtemp(join(tmpdir(), "consilium-orthanc-"));
    results = await runApart<DailyResults>("orthanc-daily", root);
  });
  after(() => root && rm(root, { recursive: true, force: true }));

  it("brings a study that comes later into the shard of an import that watches, and moves nobody to another split", () => {
    expect([results.scans, results.moved]).to.deep.equal([[9, 10], 0]);
  });

  it("ends the watching import at a signal between two imports, which is no error", () => {
    expect(results.status).to.equal(0);
  });

  it("files a picture and a report of a score in the patient's study", () => {
    expect([results.sent, results.modalities]).to.deep.equal([0, ["CT", "OT", "SR"]]);
  });
});

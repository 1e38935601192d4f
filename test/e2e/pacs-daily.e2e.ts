// A hospital's day with its PACS, a real Orthanc: new studies join the shard, and results go back to the patient's study.
import { expect } from "chai";
import type { DailyResults } from "./pacs/orthanc-daily.ts";
import { runWithOrthanc } from "./pacs/run-apart.ts";

describe("a day with Orthanc", function () {
  this.timeout(600_000);
  let results: DailyResults;

  before(async function () {
    results = await runWithOrthanc<DailyResults>(this, "orthanc-daily");
  });

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

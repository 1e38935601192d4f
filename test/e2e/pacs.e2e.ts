// Imports from a real Orthanc with DICOMweb, in a network namespace of its own: Orthanc listens on all addresses. Debian has
// it: apt-get install --no-install-recommends orthanc orthanc-dicomweb
import { expect } from "chai";
import type { OrthancResults } from "./pacs/orthanc.ts";
import { runWithOrthanc } from "./pacs/run-apart.ts";

describe("an import from Orthanc", function () {
  this.timeout(900_000);
  let results: OrthancResults;

  before(async function () {
    results = await runWithOrthanc<OrthancResults>(this, "orthanc");
  });

  it("gives, by the command, the shard of the same 10 studies in a folder", () => {
    expect(results.byCommand).to.deep.equal({ scans: 10, isSame: true });
  });

  it("gives it through TLS with the hospital's own CA, where every answer is compressed", () => {
    expect(results.compressed).to.deep.equal({ scans: 10, isSame: true });
    expect(results.otherCa).to.equal("PACS_CERTIFICATE");
  });

  it("continues after Orthanc was killed in mid-study", () => {
    expect(results.killed.code).to.equal("PACS_UNREACHABLE");
    expect(results.killed.resumed).to.be.within(1, 9);
    expect(results.killed.isSame).to.equal(true);
  });

  it("is refused by name with a wrong password", () => {
    expect(results.wrongPassword).to.equal("PACS_UNAUTHORISED");
  });

  it("lists the patient whose study is deleted between query and retrieval", () => {
    expect(results.deleted).to.deep.equal({ scans: 9, first: "PACS_GONE" });
  });

  it("is foretold by consilium pacs check", () => {
    const { status, check } = results.check;
    expect([status, check.studies, check.series?.instances]).to.deep.equal([0, 10, 8]);
  });
});

// Imports from a real Orthanc with DICOMweb, in a network namespace of its own: Orthanc listens on all addresses. Debian has
// it: apt-get install --no-install-recommends orthanc orthanc-dicomweb
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { OrthancResults } from "./pacs/orthanc.ts";
import { missingForOrthanc, namespace } from "./pacs/orthanc-server.ts";

describe("an import from Orthanc", function () {
  this.timeout(900_000);
  let root: string;
  let results: OrthancResults;

  before(async function () {
    const missing = missingForOrthanc();
    if (missing !== undefined) {
      console.log(`      skipped: ${missing} not here`);
      this.skip();
    }
    root = await mkdtemp(join(tmpdir(), "consilium-orthanc-"));
    results = await runApart(root);
  });
  after(() => root && rm(root, { recursive: true, force: true }));

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

async function runApart(dir: string): Promise<OrthancResults> {
  const program = fileURLToPath(new URL("./pacs/orthanc.ts", import.meta.url));
  const args = [...namespace, process.execPath, "--disable-warning=ExperimentalWarning", program, dir];
  const child = spawn("unshare", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (piece: Buffer) => (text += piece));
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect(status).to.equal(0);
  return JSON.parse(text) as OrthancResults;
}

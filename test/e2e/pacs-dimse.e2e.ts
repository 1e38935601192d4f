// Imports by DIMSE from a real Orthanc and from dcmtk's dcmqrscp, each in a network namespace of its own, since both listen on
// all addresses. Debian has them: apt-get install --no-install-recommends orthanc orthanc-dicomweb dcmtk
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { hasOpenSsl } from "../io/pacs/certificates.ts";
import { missingForDcmtk } from "./pacs/dcmtk-server.ts";
import type { DimseResults } from "./pacs/dimse.ts";
import type { DimseTlsResults } from "./pacs/dimse-tls.ts";
import { missingForOrthanc } from "./pacs/orthanc-server.ts";
import { runApart } from "./pacs/run-apart.ts";

for (const [kind, missingFor] of [
  ["orthanc", missingForOrthanc],
  ["dcmtk", missingForDcmtk],
] as const) {
  describe(`an import by DIMSE from ${kind}`, function () {
    this.timeout(900_000);
    let root: string;
    let results: DimseResults;

    before(async function () {
      const missing = missingFor();
      if (missing !== undefined) {
        console.log(`      skipped: ${missing} not here`);
        this.skip();
      }
      root = await mkdtemp(join(tmpdir(), "consilium-dimse-"));
      results = await runApart<DimseResults>("dimse", root, kind);
    });
    after(() => root && rm(root, { recursive: true, force: true }));

    it("gives, by C-GET, the shard of the same 10 studies in a folder", () => {
      expect(results.byGet).to.deep.equal({ scans: 10, isSame: true });
    });

    it("gives it by C-MOVE into a receiver of our own", () => {
      expect(results.byMove).to.deep.equal({ scans: 10, isSame: true });
    });

    it("continues after the server was killed in mid-study", () => {
      expect(results.killed.code).to.equal("PACS_UNREACHABLE");
      expect(results.killed.resumed).to.be.within(1, 9);
      expect(results.killed.isSame).to.equal(true);
    });

    it("is refused by name with AE titles that the server does not know", () => {
      expect([results.wrongCalling, results.wrongCalled]).to.deep.equal(["PACS_UNAUTHORISED", "PACS_UNAUTHORISED"]);
    });

    it("lists the patient whose study is lost between query and retrieval", () => {
      expect(results.deleted.scans).to.equal(9);
      // dcmqrscp still counts the instances whose files are lost.
      expect(results.deleted.first).to.equal(kind === "orthanc" ? "PACS_GONE" : "PACS_REFUSED");
    });

    it("is foretold by consilium pacs check", () => {
      const { status, check } = results.check;
      expect([status, check.studies, check.series?.instances]).to.deep.equal([0, 10, 8]);
    });
  });
}

for (const [kind, missingFor] of [
  ["orthanc", missingForOrthanc],
  ["dcmtk", missingForDcmtk],
] as const) {
  describe(`an import by DIMSE over TLS from ${kind}`, function () {
    this.timeout(900_000);
    let root: string;
    let results: DimseTlsResults;

    before(async function () {
      const missing = missingFor() ?? (hasOpenSsl ? undefined : "openssl");
      if (missing !== undefined) {
        console.log(`      skipped: ${missing} not here`);
        this.skip();
      }
      root = await mkdtemp(join(tmpdir(), "consilium-dimse-tls-"));
      results = await runApart<DimseTlsResults>("dimse-tls", root, kind);
    });
    after(() => root && rm(root, { recursive: true, force: true }));

    it("gives the shard of the same studies in a folder, each side with a certificate of the other's CA", () => {
      expect(results.byGet).to.equal("same");
      expect(results.byMove).to.equal(kind === "orthanc" ? "same" : undefined);
    });

    it("is refused by name where one side does not know the other's CA", () => {
      expect(results.otherCa).to.equal("PACS_CERTIFICATE");
      // Where the connection ends before the server's alert is read, nothing says why.
      const refusals = ["PACS_CERTIFICATE", "PACS_UNREACHABLE", "PACS_TRUNCATED"];
      for (const refused of [results.withoutCertificate, results.foreignCertificate])
        expect(refusals).to.include(refused);
    });

    it("is refused without TLS", () => {
      expect(results.plain).to.be.oneOf(["PACS_UNREACHABLE", "PACS_TRUNCATED"]);
    });
  });
}

import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { planImport } from "../../../imaging/import/import-archive.ts";
import { explainPatient, type ImportReport, readReport } from "../../../imaging/import/import-report.ts";
import { writeInto, writePhantom } from "./phantom-archive.ts";
import { codeOf, importInto } from "./synthetic.ts";

describe("the report of an import", () => {
  let root: string;
  let archive: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-report-"));
    archive = join(root, "archive");
    for (const index of [1, 2, 3]) {
      await writePhantom(archive, { index, id: `p${index}` }, (slice) => `p${index}/${slice}.dcm`);
    }
    const scout = { "00080008": ["CS", "ORIGINAL\\PRIMARY\\LOCALIZER"] } as const;
    await writePhantom(archive, { index: 1, id: "p1", series: 1, elements: scout }, (slice) => `p1/scout${slice}.dcm`);
    await writeInto(join(archive, "notes.dcm"), "no image");
    await writeInto(join(archive, "labels.csv"), "patient,label\np1,1\np2,0\np9,1\n");
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function plan(): Promise<{ report: ImportReport; isKeyKnown: boolean }> {
    const work = planImport(archive, { keyFile: join(root, "key"), workers: 1 });
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
    }
  }

  it("is made from headers alone in a dry run, which writes nothing", async () => {
    const { report, isKeyKnown } = await plan();
    expect(isKeyKnown).to.equal(false);
    expect([report.files, report.refusedFiles]).to.deep.equal([34, 1]);
    expect(report.rows).to.deep.equal({ total: 3, matched: 2, unmatched: [4] });
    expect(report.patients.map(({ outcome }) => outcome).sort()).to.deep.equal(["LABEL_MISSING", "PLANNED", "PLANNED"]);
    const positive = report.patients.find(({ label }) => label === "positive")!;
    expect(positive).to.deep.include({ labelFrom: "row", rows: [2], matchedBy: ["PatientID", "folder"], files: 16 });
    expect(positive.series.map(({ outcome }) => outcome)).to.deep.equal(["FIRST", "LOCALIZER"]);
    expect(await readdir(root)).to.deep.equal(["archive"]);
  });

  it("says of each patient what a dry run said, and what came of it", async () => {
    const dir = join(root, "shard");
    const summary = await importInto(archive, dir);
    expect(summary.unmatchedRows).to.deep.equal([4]);
    expect(summary.card.labels).to.deep.include({ found: 3, leftOut: 1, labelFrom: { row: 2 } });
    const [{ report: planned, isKeyKnown }, report] = [await plan(), (await readReport(dir))!];
    expect(isKeyKnown).to.equal(true);
    expect(report.patients.map(({ patient }) => patient)).to.deep.equal(planned.patients.map(({ patient }) => patient));
    for (const [index, { outcome, series, labelFrom, rows }] of report.patients.entries()) {
      const before = planned.patients[index]!;
      expect([labelFrom, rows]).to.deep.equal([before.labelFrom, before.rows]);
      expect(outcome).to.equal(before.outcome === "PLANNED" ? "IMPORTED" : before.outcome);
      const first = before.series.find((one) => one.outcome === "FIRST");
      expect(series.find((one) => one.outcome === "TAKEN")?.series).to.equal(first?.series);
    }
    expect((await stat(join(dir, "import-report.json"))).mode & 0o777).to.equal(0o600);
    expect(await readFile(join(dir, "data-card.json"), "utf8")).not.to.include(report.patients[0]!.patient);
  });

  it("is looked up by a pseudonym or its beginning", async () => {
    const dir = join(root, "shard");
    const [patient] = (await readReport(dir))!.patients;
    expect(await explainPatient(dir, patient!.patient)).to.deep.equal([patient]);
    expect(await explainPatient(dir, patient!.patient.slice(0, 8))).to.deep.equal([patient]);
    expect(await codeOf(explainPatient(dir, "ffffffffffffffff"))).to.equal("HASH_UNKNOWN");
    expect(await codeOf(explainPatient(join(root, "nowhere"), "ff"))).to.equal("REPORT_NOT_FOUND");
  });
});

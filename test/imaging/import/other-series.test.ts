import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readReport } from "../../../imaging/import/import-report.ts";
import { type PhantomPatient, writePhantom } from "./phantom-archive.ts";
import { importInto } from "./synthetic.ts";

describe("a patient with several series", function () {
  this.timeout(60_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-series-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  /** The lung kernel is preferred: series 2 comes first where it has one, and is what `spoiled` makes of it. */
  async function importSpoiled(name: string, spoiled: Partial<PhantomPatient>) {
    const dir = join(root, name);
    const soft = { "00181210": ["SH", "B30f"], "00080070": ["LO", "SIEMENS"] } as const;
    const sharp = { ...soft, "00181210": ["SH", "B70f"] } as const;
    await writePhantom(dir, { index: 1, id: "p1", series: 3, elements: soft }, (slice) => `p1/a${slice}.dcm`);
    await writePhantom(
      dir,
      { index: 1, id: "p1", series: 2, elements: sharp, ...spoiled },
      (slice) => `p1/b${slice}.dcm`,
    );
    const summary = await importInto(dir, `${dir}-shard`, { label: 1, oneClass: true, keyFile: join(root, "key") });
    const [patient] = (await readReport(`${dir}-shard`))!.patients;
    return { summary, patient: patient! };
  }

  it("is imported from the next one where the preferred one is damaged, and the report says so", async () => {
    const change = (bytes: Buffer) => bytes.subarray(0, bytes.length - 900);
    const { summary, patient } = await importSpoiled("damaged", { change });
    expect(summary.scans).to.equal(1);
    expect(summary.card.labels!.otherSeries).to.equal(1);
    expect(patient.series.map(({ outcome }) => outcome)).to.deep.equal(["TAKEN", "SERIES_DAMAGED"]);
    expect(patient.series[0]!.facts).to.deep.include({ place: 2, of: 2 });
  });

  it("is imported from the next one where the preferred one shows no lungs", async () => {
    const paint = (hu: Int16Array) => hu.map((value) => Math.max(value, -20));
    const { summary, patient } = await importSpoiled("belly", { paint });
    expect(summary.scans).to.equal(1);
    expect(patient.series.map(({ outcome }) => outcome)).to.deep.equal(["TAKEN", "LUNGS_IMPLAUSIBLE"]);
  });

  it("is imported from the next one where the preferred one is in colour", async () => {
    const elements = { "00181210": ["SH", "B70f"], "00080070": ["LO", "SIEMENS"], "00280004": ["CS", "RGB"] } as const;
    const { summary, patient } = await importSpoiled("colour", { elements });
    expect(summary.scans).to.equal(1);
    expect(patient.series.find(({ outcome }) => outcome === "TAKEN")!.facts["slices"]).to.equal(8);
  });

  it("has each series listed, and nothing imported, where none can be used", async () => {
    const dir = join(root, "none");
    const change = (bytes: Buffer) => bytes.subarray(0, bytes.length - 900);
    for (const series of [2, 3])
      await writePhantom(dir, { index: 1, id: "p1", series, change }, (slice) => `p1/${series}-${slice}.dcm`);
    const work = importInto(dir, `${dir}-shard`, { label: 1, oneClass: true, keyFile: join(root, "key") });
    const error = await work.then(
      () => undefined,
      (cause: unknown) => cause as { code: string; facts: object; entries: { what: string; code: string }[] },
    );
    expect(error).to.deep.include({ code: "NO_SCANS", facts: { labelled: 1, reasons: "SERIES_DAMAGED 1" } });
    expect(error!.entries.map(({ what, code }) => `${what} ${code}`).sort()).to.deep.equal([
      "scan SERIES_DAMAGED",
      "series SERIES_DAMAGED",
      "series SERIES_DAMAGED",
    ]);
  });
});

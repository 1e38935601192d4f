import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ImportOptions } from "../../../imaging/import/import-options.ts";
import { readReport } from "../../../imaging/import/import-report.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { pseudonymsOf, readPseudonymKey } from "../../../imaging/shard/pseudonyms.ts";
import { readShardIndex } from "../../../imaging/shard/shard-format.ts";
import { colourNoise, greyBody } from "./odd-pictures.ts";
import { writeInto, writePhantom } from "./phantom-archive.ts";
import { codeOf, importInto } from "./synthetic.ts";

const classOf = (index: number) => (index % 2 ? "positive" : "negative");
const name = (slice: number) => `IM${slice}.dcm`;

describe("who is who in an archive, and of which class", function () {
  this.timeout(60_000);
  let root: string;
  let dir: string;
  let counter = 0;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-who-"));
  });
  beforeEach(() => {
    dir = join(root, `archive${++counter}`);
  });
  after(() => rm(root, { recursive: true, force: true }));

  const importIt = (options: Partial<ImportOptions> = {}): Promise<ImportSummary> =>
    importInto(dir, `${dir}-shard`, { keyFile: join(root, "key"), ...options });
  /** Label of each imported patient by PatientID, for those that the test knows. */
  async function labelsOf(ids: readonly string[]): Promise<Record<string, number | undefined>> {
    const pseudonyms = pseudonymsOf((await readPseudonymKey(join(root, "key")))!);
    const { scans } = await readShardIndex(`${dir}-shard`);
    const label = new Map(scans.map((scan) => [scan.patient, scan.label]));
    return Object.fromEntries(ids.map((id) => [id, label.get(pseudonyms.of("patient", `id/${id}`))]));
  }
  const codes = ({ quarantine }: ImportSummary, kind = "scan") =>
    quarantine.filter(({ what }) => what === kind).map(({ code }) => code);

  it("never takes the folder of a series for a patient, though a row has its number", async () => {
    for (const id of [1, 2, 3, 4, 5, 6])
      for (const series of [1, 2, 3])
        await writePhantom(dir, { index: id, id: String(id), series }, (slice) => `${id}/${series}/${name(slice)}`);
    await writeInto(join(dir, "labels.csv"), "patient,label\n1,1\n2,0\n3,1\n4,0\n5,1\n6,0\n");
    const { scans } = await importIt();
    expect(scans).to.equal(6);
    expect(await labelsOf(["1", "2", "3", "4", "5", "6"])).to.deep.equal({ 1: 1, 2: 0, 3: 1, 4: 0, 5: 1, 6: 0 });
  });

  it("does not do so where an anonymiser took the PatientIDs either", async () => {
    for (const id of [1, 2, 3, 4])
      for (const series of [1, 2])
        await writePhantom(
          dir,
          { index: id, id: "ANONYMOUS", series, study: uidFor("study", id) },
          (slice) => `${id}/${series}/${name(slice)}`,
        );
    await writeInto(join(dir, "labels.csv"), "patient,label\n1,1\n2,0\n3,1\n4,0\n");
    const summary = await importIt();
    expect([summary.scans, summary.positive]).to.deep.equal([4, 2]);
  });

  it("refuses a patient whose folder is named in one row and whose PatientID in another", async () => {
    for (const id of [1, 2, 3, 4])
      await writePhantom(dir, { index: id, id: String(id) }, (slice) => `${id % 2 ? 4 - id : id}/${name(slice)}`);
    await writeInto(join(dir, "labels.csv"), "patient,label\n1,1\n2,0\n3,0\n4,1\n");
    const summary = await importIt();
    expect(codes(summary)).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
    expect(await labelsOf(["1", "2", "3", "4"])).to.deep.equal({ 1: undefined, 2: 0, 3: undefined, 4: 1 });
  });

  it("groups DICOM files that lie directly in the folder of a class by PatientID, else by study", async () => {
    for (const [id, known] of [
      ["a", true],
      ["b", true],
      ["c", false],
      ["d", false],
    ] as const) {
      const index = id.charCodeAt(0);
      const patient = { index, id: known ? id : "ANONYMOUS", study: uidFor("flat", id) };
      await writePhantom(dir, patient, (slice) => `${classOf(index)}/${uidFor(id, slice)}.dcm`);
    }
    const { scans, positive } = await importIt();
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("takes one patient a class, and classes within patients, as they are", async () => {
    await writePhantom(dir, { index: 1, id: "x1" }, (slice) => `covid/${String(slice).padStart(6, "0")}.dcm`);
    await writePhantom(dir, { index: 2, id: "x2" }, (slice) => `noncovid/${String(slice).padStart(6, "0")}.dcm`);
    expect((await importIt()).scans).to.equal(2);
    dir += "-inside";
    for (const index of [1, 2, 3, 4]) {
      const patient = { index, id: index < 3 ? `y${index}` : "", study: uidFor("inside", index) };
      await writePhantom(dir, patient, (slice) => `person${index}/${classOf(index)}/${name(slice)}`);
    }
    const { scans, positive } = await importIt();
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("joins the folders of one PatientID, says so, and has the person in one split", async () => {
    for (const index of [1, 2, 3, 4, 5, 6, 7, 8])
      for (const accession of [1, 2, 3])
        await writePhantom(
          dir,
          { index: index * 10 + accession, id: `person ${index}`, study: uidFor("accession", index, accession) },
          (slice) => `${classOf(index)}/ACC${index}${accession}/${name(slice)}`,
        );
    const { scans, card } = await importIt();
    expect(scans).to.equal(8);
    expect(card.labels!.joined).to.equal(8);
    const report = await readReport(`${dir}-shard`);
    expect(report!.patients.every(({ folders, files }) => folders === 3 && files === 24)).to.equal(true);
  });

  it("takes patients apart whose folders have one name in two classes, and who share the folder of a tool", async () => {
    for (const [index, patient] of [
      "patient1",
      "patient1",
      "DICOM",
      "DICOM",
      "2021-03-04/p",
      "2021-03-04/p",
    ].entries()) {
      const id = index % 3 === 0 ? "" : `id${index}`;
      await writePhantom(
        dir,
        { index, id, study: uidFor("same", index) },
        (slice) => `${classOf(index)}/${patient}/${name(slice)}`,
      );
    }
    const { scans, positive } = await importIt();
    expect([scans, positive]).to.deep.equal([6, 3]);
  });

  it("takes three patients below one folder for three", async () => {
    for (const label of ["positive", "negative"])
      for (const patient of [1, 2, 3]) {
        const index = patient + (label === "positive" ? 10 : 20);
        await writePhantom(dir, { index, id: `p${index}` }, (slice) => `${label}/DICOM/${patient}/${name(slice)}`);
        await writePhantom(
          dir,
          { index: index + 5, id: `q${index}` },
          (slice) => `${label}/flat/${patient}-${name(slice)}`,
        );
      }
    const { scans, positive, quarantine } = await importIt();
    expect([scans, positive, quarantine.length]).to.deep.equal([12, 6, 0]);
  });

  it("refuses the two PatientIDs in a folder that is one patient's like all others", async () => {
    for (const index of [1, 2, 3, 4, 5])
      await writePhantom(
        dir,
        { index, id: `p${index}` },
        (slice) => `${classOf(index)}/patient${Math.min(index, 3)}/${index}-${name(slice)}`,
      );
    await writePhantom(dir, { index: 6, id: "p6" }, (slice) => `negative/patient6/${name(slice)}`);
    const summary = await importIt();
    expect(codes(summary)).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
    expect(summary.scans).to.equal(4);
    dir += "";
    const byId = await importIt({ patientsBy: "id" });
    expect(byId.scans).to.equal(6);
  });

  it("refuses two PatientIDs in one study", async () => {
    for (const index of [1, 2, 3, 4]) {
      const study = index < 3 ? uidFor("one", "study") : uidFor("study", index);
      await writePhantom(dir, { index, id: `o${index}`, study }, (slice) => `positive/o${index}/${name(slice)}`);
    }
    const summary = await importIt({ oneClass: true });
    expect(codes(summary)).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
  });

  it("matches files by paths of another machine, and never one file name of several patients", async () => {
    for (const index of [1, 2]) {
      await writePhantom(dir, { index, id: `w${index}` }, (slice) => `data/w${index}/${name(slice)}`);
    }
    const rows = [1, 2].map((index) => `C:\\export\\data\\w${index}\\IM0.dcm,${index - 1}\n`);
    await writeInto(join(dir, "labels.csv"), `file,label\n${rows.join("")}`);
    expect((await importIt()).scans).to.equal(2);
    expect(await labelsOf(["w1", "w2"])).to.deep.equal({ w1: 0, w2: 1 });
    await writeInto(join(dir, "labels.csv"), "file,label\nIM0.dcm,1\n");
    expect(await codeOf(importIt({ oneClass: true }))).to.equal("NO_SCANS");
  });

  it("refuses one PatientID in both classes, unless folders are to count", async () => {
    for (const index of [1, 2, 3, 4])
      await writePhantom(
        dir,
        { index, id: "HOSPITAL7", study: uidFor("shared", index) },
        (slice) => `${classOf(index)}/s${index}/${name(slice)}`,
      );
    expect(await codeOf(importIt())).to.equal("NO_SCANS");
    const { scans, positive } = await importIt({ patientsBy: "folder" });
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("reads signs in the names of classes, and imports nobody from one that it cannot read", async () => {
    const folders = ["COVID-", "COVID+", "Normal", "COVID unlikely"];
    for (const [index, folder] of folders.entries())
      await writePhantom(dir, { index, id: `s${index}` }, (slice) => `${folder}/s${index}/${name(slice)}`);
    const summary = await importIt();
    expect(await labelsOf(["s0", "s1", "s2", "s3"])).to.deep.equal({ s0: 0, s1: 1, s2: 0, s3: undefined });
    expect(codes(summary)).to.deep.equal(["LABEL_UNCLEAR"]);
    dir += "-under";
    for (const [index, folder] of ["covid", "normal"].entries())
      await writePhantom(dir, { index, id: `u${index}` }, (slice) => `${folder}/u${index}/${name(slice)}`);
    await writePhantom(dir, { index: 4, id: "u4" }, (slice) => `covid/COVID unlikely/u4/${name(slice)}`);
    expect(codes(await importIt())).to.deep.equal(["LABEL_UNCLEAR"]);
  });

  it("refuses a patient whose row and folder contradict each other, unless the CSV is to count", async () => {
    for (const index of [1, 2, 3, 4])
      await writePhantom(dir, { index, id: `c${index}` }, (slice) => `${classOf(index)}/c${index}/${name(slice)}`);
    await writeInto(join(dir, "labels.csv"), "patient,label\nc1,0\nc2,0\nc3,1\nc4,0\n");
    const summary = await importIt();
    expect(codes(summary)).to.deep.equal(["LABELS_CONTRADICT"]);
    await importIt({ labelsOverFolders: true });
    expect(await labelsOf(["c1", "c2"])).to.deep.equal({ c1: 0, c2: 0 });
  });

  it("leaves out by name whose label is empty in the CSV, or of both classes in visits that it cannot tell apart", async () => {
    const studies = { b1: "1.2.826.9.1", b2: "1.2.826.9.2" };
    for (const [index, id] of ["a1", "a2", "a3", "a4", "b1"].entries()) {
      const elements = { "0020000D": ["UI", id === "b1" ? studies.b1 : `1.2.826.8.${index}`] } as const;
      await writePhantom(dir, { index, id, elements }, (slice) => `${id}-${name(slice)}`);
    }
    const rows = `a1,,1\na2,,0\na3,,\na4,,1\na4,,0\nb1,${studies.b1},0\nb1,${studies.b2},1\n`;
    await writeInto(join(dir, "labels.csv"), `PatientID,StudyInstanceUID,label\n${rows}`);
    const summary = await importIt();
    expect(await labelsOf(["a1", "a2", "a3", "a4", "b1"])).to.deep.equal({
      ...{ a1: 1, a2: 0, a3: undefined, a4: undefined },
      b1: 0,
    });
    expect(codes(summary)).to.deep.equal(["LABELS_CONTRADICT", "LABEL_MISSING"]);
    const elements = { "0020000D": ["UI", studies.b2] } as const;
    await writePhantom(dir, { index: 9, id: "b1", elements }, (slice) => `later-${name(slice)}`);
    expect(codes(await importIt())).to.deep.equal(["LABELS_CONTRADICT", "LABELS_CONTRADICT", "LABEL_MISSING"]);
  });

  it("reads no names of people: rows of names match nobody, and the error says so", async () => {
    const dir = join(root, "names");
    for (const [index, name] of [
      [1, "DOE^JOHN"],
      [2, "ROE^JANE"],
    ] as const) {
      const elements = { "00100010": ["PN", name] } as const;
      await writePhantom(dir, { index, id: `10${index}`, elements }, (slice) => `p${index}/IM${slice}.dcm`);
    }
    await writeInto(join(dir, "labels.csv"), "patient,label\nDOE^JOHN,1\nROE^JANE,0\n");
    expect(await codeOf(importInto(dir, join(root, "names-shard")))).to.equal("LABELS_MISSING");
  });

  it("takes no picture beside DICOM files for a scan, and none that does not look like CT", async () => {
    await writePhantom(dir, { index: 1, id: "cd1" }, (slice) => `DICOM/PAT/STU/SER/${name(slice)}`);
    await writeInto(join(dir, "DICOMDIR"), "no matter");
    await writeInto(join(dir, "autorun.inf"), "[autorun]");
    for (const picture of [1, 2, 3, 4])
      await writeInto(join(dir, "VIEWER", `splash${picture}.png`), colourNoise(picture));
    const cd = await importIt({ label: 1, oneClass: true });
    expect(cd.scans).to.equal(1);
    expect(codes(cd, "file")).to.deep.equal(Array(4).fill("PICTURE_BESIDE_DICOM"));
    dir += "-pictures";
    for (const picture of [1, 2, 3]) {
      await writeInto(join(dir, "positive", "screens", `${picture}.png`), colourNoise(picture));
      await writeInto(join(dir, "negative", "p2", `${picture}.png`), greyBody());
    }
    const pictures = await importIt({ oneClass: true });
    expect([pictures.scans, pictures.positive]).to.deep.equal([1, 0]);
    expect(codes(pictures)).to.deep.equal(["PICTURE_NOT_CT"]);
  });

  it("takes one picture a person from folders of two classes", async () => {
    for (const folder of ["COVID", "NonCOVID"])
      for (const picture of [1, 2])
        await writeInto(join(dir, folder, `${picture}.png`), greyBody(picture * 9 + folder.length));
    const { scans, positive } = await importIt();
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("matches ids whose leading zeros a spreadsheet dropped where only one can be meant, and says so", async () => {
    for (const index of [1, 2, 3, 4])
      await writePhantom(dir, { index, id: `0000${index}` }, (slice) => `data/1-00${slice}-${index}.dcm`);
    await writeInto(join(dir, "labels.csv"), "patient;label\n1;1\n2;0\n3;1\n4;0\n");
    expect((await importIt()).scans).to.equal(4);
    expect(await labelsOf(["00001", "00002"])).to.deep.equal({ "00001": 1, "00002": 0 });
    const report = await readReport(`${dir}-shard`);
    expect(report!.patients.every(({ matchedBy }) => matchedBy.includes("PatientID as a number"))).to.equal(true);
    await writePhantom(dir, { index: 9, id: "0001" }, (slice) => `data/9-${slice}.dcm`);
    expect(codes(await importIt())).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
    expect(codes(await importIt({ patientsBy: "id" }))).to.deep.equal(["LABEL_MISSING", "LABEL_MISSING"]);
  });

  it("matches ids in the character set of the file and of the CSV", async () => {
    const ids = ["M\u00fcller", "\u738b^\u5c0f\u4e1c", "\u65bd\u6c0f"];
    const written = [
      ["ISO_IR 100", Buffer.from(ids[0]!, "latin1")],
      ["ISO_IR 192", Buffer.from(ids[1]!)],
      ["GB18030", Buffer.from("caa9cacf", "hex")],
    ] as const;
    for (const [index, [set, bytes]] of written.entries()) {
      const elements = { "00080005": ["CS", set], "00100020": ["LO", bytes.toString("latin1")] } as const;
      await writePhantom(dir, { index, id: "", elements }, (slice) => `f${index}-${slice}.dcm`);
    }
    // Decomposed, as some systems write it.
    await writeInto(join(dir, "labels.csv"), `PatientID;label\nMu\u0308ller;1\n${ids[1]};0\n${ids[2]};1\nnobody;0\n`);
    const { unmatchedRows } = await importIt();
    expect(await labelsOf(ids)).to.deep.equal({ [ids[0]!]: 1, [ids[1]!]: 0, [ids[2]!]: 1 });
    expect(unmatchedRows).to.deep.equal([5]);
  });

  it("never merges people by the beginning of file names", async () => {
    for (const index of [1, 2])
      await writePhantom(dir, { index, id: `z${index}` }, (slice) => `1-${slice}-${index}.dcm`);
    await writePhantom(dir, { index: 3, id: "z3" }, (slice) => `2-${slice}.dcm`);
    await writeInto(join(dir, "labels.csv"), "patient,label\n1,1\n2,0\n");
    const summary = await importIt({ oneClass: true });
    expect(codes(summary)).to.deep.equal(["LABEL_MISSING", "LABEL_MISSING"]);
    expect(await labelsOf(["z1", "z2", "z3"])).to.deep.equal({ z1: undefined, z2: undefined, z3: 0 });
  });
});

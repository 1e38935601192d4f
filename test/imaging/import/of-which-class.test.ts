import { join } from "node:path";
import { expect } from "chai";
import { readReport } from "../../../imaging/import/import-report.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { classOf, codes, name, peopleArchive } from "./people-archive.ts";
import { writeInto, writePhantom } from "./phantom-archive.ts";
import { codeOf } from "./synthetic.ts";

describe("of which class a patient is", function () {
  this.timeout(60_000);
  const people = peopleArchive();

  it("refuses a patient whose folder is named in one row and whose PatientID in another", async () => {
    for (const id of [1, 2, 3, 4])
      await writePhantom(
        people.dir,
        { index: id, id: String(id) },
        (slice) => `${id % 2 ? 4 - id : id}/${name(slice)}`,
      );
    await writeInto(join(people.dir, "labels.csv"), "patient,label\n1,1\n2,0\n3,0\n4,1\n");
    const summary = await people.importIt();
    expect(codes(summary)).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
    expect(await people.labelsOf(["1", "2", "3", "4"])).to.deep.equal({ 1: undefined, 2: 0, 3: undefined, 4: 1 });
  });

  it("matches files by paths of another machine, and never one file name of several patients", async () => {
    for (const index of [1, 2]) {
      await writePhantom(people.dir, { index, id: `w${index}` }, (slice) => `data/w${index}/${name(slice)}`);
    }
    const rows = [1, 2].map((index) => `C:\\export\\data\\w${index}\\IM0.dcm,${index - 1}\n`);
    await writeInto(join(people.dir, "labels.csv"), `file,label\n${rows.join("")}`);
    expect((await people.importIt()).scans).to.equal(2);
    expect(await people.labelsOf(["w1", "w2"])).to.deep.equal({ w1: 0, w2: 1 });
    await writeInto(join(people.dir, "labels.csv"), "file,label\nIM0.dcm,1\n");
    expect(await codeOf(people.importIt({ oneClass: true }))).to.equal("NO_SCANS");
  });

  it("refuses one PatientID in both classes, unless folders are to count", async () => {
    for (const index of [1, 2, 3, 4])
      await writePhantom(
        people.dir,
        { index, id: "HOSPITAL7", study: uidFor("shared", index) },
        (slice) => `${classOf(index)}/s${index}/${name(slice)}`,
      );
    expect(await codeOf(people.importIt())).to.equal("NO_SCANS");
    const { scans, positive } = await people.importIt({ patientsBy: "folder" });
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("reads signs in the names of classes, and imports nobody from one that it cannot read", async () => {
    const folders = ["COVID-", "COVID+", "Normal", "COVID unlikely"];
    for (const [index, folder] of folders.entries())
      await writePhantom(people.dir, { index, id: `s${index}` }, (slice) => `${folder}/s${index}/${name(slice)}`);
    const summary = await people.importIt();
    expect(await people.labelsOf(["s0", "s1", "s2", "s3"])).to.deep.equal({ s0: 0, s1: 1, s2: 0, s3: undefined });
    expect(codes(summary)).to.deep.equal(["LABEL_UNCLEAR"]);
    people.another();
    for (const [index, folder] of ["covid", "normal"].entries())
      await writePhantom(people.dir, { index, id: `u${index}` }, (slice) => `${folder}/u${index}/${name(slice)}`);
    await writePhantom(people.dir, { index: 4, id: "u4" }, (slice) => `covid/COVID unlikely/u4/${name(slice)}`);
    expect(codes(await people.importIt())).to.deep.equal(["LABEL_UNCLEAR"]);
  });

  it("refuses a patient whose row and folder contradict each other, unless the CSV is to count", async () => {
    for (const index of [1, 2, 3, 4])
      await writePhantom(
        people.dir,
        { index, id: `c${index}` },
        (slice) => `${classOf(index)}/c${index}/${name(slice)}`,
      );
    await writeInto(join(people.dir, "labels.csv"), "patient,label\nc1,0\nc2,0\nc3,1\nc4,0\n");
    const summary = await people.importIt();
    expect(codes(summary)).to.deep.equal(["LABELS_CONTRADICT"]);
    await people.importIt({ labelsOverFolders: true });
    expect(await people.labelsOf(["c1", "c2"])).to.deep.equal({ c1: 0, c2: 0 });
  });

  it("leaves out by name whose label is empty in the CSV, or of both classes in visits that it cannot tell apart", async () => {
    const studies = { b1: "1.2.826.9.1", b2: "1.2.826.9.2" };
    for (const [index, id] of ["a1", "a2", "a3", "a4", "b1"].entries()) {
      const elements = { "0020000D": ["UI", id === "b1" ? studies.b1 : `1.2.826.8.${index}`] } as const;
      await writePhantom(people.dir, { index, id, elements }, (slice) => `${id}-${name(slice)}`);
    }
    const rows = `a1,,1\na2,,0\na3,,\na4,,1\na4,,0\nb1,${studies.b1},0\nb1,${studies.b2},1\n`;
    await writeInto(join(people.dir, "labels.csv"), `PatientID,StudyInstanceUID,label\n${rows}`);
    const summary = await people.importIt();
    expect(await people.labelsOf(["a1", "a2", "a3", "a4", "b1"])).to.deep.equal({
      ...{ a1: 1, a2: 0, a3: undefined, a4: undefined },
      b1: 0,
    });
    expect(codes(summary)).to.deep.equal(["LABELS_CONTRADICT", "LABEL_MISSING"]);
    const elements = { "0020000D": ["UI", studies.b2] } as const;
    await writePhantom(people.dir, { index: 9, id: "b1", elements }, (slice) => `later-${name(slice)}`);
    expect(codes(await people.importIt())).to.deep.equal(["LABELS_CONTRADICT", "LABELS_CONTRADICT", "LABEL_MISSING"]);
  });

  it("reads no names of people: rows of names match nobody, and the error says so", async () => {
    for (const [index, name] of [
      [1, "DOE^JOHN"],
      [2, "ROE^JANE"],
    ] as const) {
      const elements = { "00100010": ["PN", name] } as const;
      await writePhantom(people.dir, { index, id: `10${index}`, elements }, (slice) => `p${index}/IM${slice}.dcm`);
    }
    await writeInto(join(people.dir, "labels.csv"), "patient,label\nDOE^JOHN,1\nROE^JANE,0\n");
    expect(await codeOf(people.importIt())).to.equal("LABELS_MISSING");
  });

  it("matches ids whose leading zeros a spreadsheet dropped where only one can be meant, and says so", async () => {
    for (const index of [1, 2, 3, 4])
      await writePhantom(people.dir, { index, id: `0000${index}` }, (slice) => `data/1-00${slice}-${index}.dcm`);
    await writeInto(join(people.dir, "labels.csv"), "patient;label\n1;1\n2;0\n3;1\n4;0\n");
    expect((await people.importIt()).scans).to.equal(4);
    expect(await people.labelsOf(["00001", "00002"])).to.deep.equal({ "00001": 1, "00002": 0 });
    const report = await readReport(people.shard);
    expect(report!.patients.every(({ matchedBy }) => matchedBy.includes("PatientID as a number"))).to.equal(true);
    await writePhantom(people.dir, { index: 9, id: "0001" }, (slice) => `data/9-${slice}.dcm`);
    expect(codes(await people.importIt())).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
    expect(codes(await people.importIt({ patientsBy: "id" }))).to.deep.equal(["LABEL_MISSING", "LABEL_MISSING"]);
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
      await writePhantom(people.dir, { index, id: "", elements }, (slice) => `f${index}-${slice}.dcm`);
    }
    // Decomposed, as some systems write it.
    await writeInto(
      join(people.dir, "labels.csv"),
      `PatientID;label\nMu\u0308ller;1\n${ids[1]};0\n${ids[2]};1\nnobody;0\n`,
    );
    const { unmatchedRows } = await people.importIt();
    expect(await people.labelsOf(ids)).to.deep.equal({ [ids[0]!]: 1, [ids[1]!]: 0, [ids[2]!]: 1 });
    expect(unmatchedRows).to.deep.equal([5]);
  });
});

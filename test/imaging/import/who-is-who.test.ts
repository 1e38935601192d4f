import { join } from "node:path";
import { expect } from "chai";
import { readReport } from "../../../imaging/import/import-report.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { colourNoise, greyBody } from "./odd-pictures.ts";
import { classOf, codes, name, peopleArchive } from "./people-archive.ts";
import { writeInto, writePhantom } from "./phantom-archive.ts";

describe("who is who in an archive", function () {
  this.timeout(60_000);
  const people = peopleArchive();

  it("never takes the folder of a series for a patient, though a row has its number", async () => {
    for (const id of [1, 2, 3, 4, 5, 6])
      for (const series of [1, 2, 3])
        await writePhantom(
          people.dir,
          { index: id, id: String(id), series },
          (slice) => `${id}/${series}/${name(slice)}`,
        );
    await writeInto(join(people.dir, "labels.csv"), "patient,label\n1,1\n2,0\n3,1\n4,0\n5,1\n6,0\n");
    const { scans } = await people.importIt();
    expect(scans).to.equal(6);
    expect(await people.labelsOf(["1", "2", "3", "4", "5", "6"])).to.deep.equal({ 1: 1, 2: 0, 3: 1, 4: 0, 5: 1, 6: 0 });
  });

  it("does not do so where an anonymiser took the PatientIDs either", async () => {
    for (const id of [1, 2, 3, 4])
      for (const series of [1, 2])
        await writePhantom(
          people.dir,
          { index: id, id: "ANONYMOUS", series, study: uidFor("study", id) },
          (slice) => `${id}/${series}/${name(slice)}`,
        );
    await writeInto(join(people.dir, "labels.csv"), "patient,label\n1,1\n2,0\n3,1\n4,0\n");
    const summary = await people.importIt();
    expect([summary.scans, summary.positive]).to.deep.equal([4, 2]);
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
      await writePhantom(people.dir, patient, (slice) => `${classOf(index)}/${uidFor(id, slice)}.dcm`);
    }
    const { scans, positive } = await people.importIt();
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("takes one patient a class, and classes within patients, as they are", async () => {
    await writePhantom(people.dir, { index: 1, id: "x1" }, (slice) => `covid/${String(slice).padStart(6, "0")}.dcm`);
    await writePhantom(people.dir, { index: 2, id: "x2" }, (slice) => `noncovid/${String(slice).padStart(6, "0")}.dcm`);
    expect((await people.importIt()).scans).to.equal(2);
    people.another();
    for (const index of [1, 2, 3, 4]) {
      const patient = { index, id: index < 3 ? `y${index}` : "", study: uidFor("inside", index) };
      await writePhantom(people.dir, patient, (slice) => `person${index}/${classOf(index)}/${name(slice)}`);
    }
    const { scans, positive } = await people.importIt();
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("joins the folders of one PatientID, says so, and has the person in one split", async () => {
    for (const index of [1, 2, 3, 4, 5, 6, 7, 8])
      for (const accession of [1, 2, 3])
        await writePhantom(
          people.dir,
          { index: index * 10 + accession, id: `person ${index}`, study: uidFor("accession", index, accession) },
          (slice) => `${classOf(index)}/ACC${index}${accession}/${name(slice)}`,
        );
    const { scans, card } = await people.importIt();
    expect(scans).to.equal(8);
    expect(card.labels!.joined).to.equal(8);
    const report = await readReport(people.shard);
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
        people.dir,
        { index, id, study: uidFor("same", index) },
        (slice) => `${classOf(index)}/${patient}/${name(slice)}`,
      );
    }
    const { scans, positive } = await people.importIt();
    expect([scans, positive]).to.deep.equal([6, 3]);
  });

  it("takes three patients below one folder for three", async () => {
    for (const label of ["positive", "negative"])
      for (const patient of [1, 2, 3]) {
        const index = patient + (label === "positive" ? 10 : 20);
        await writePhantom(
          people.dir,
          { index, id: `p${index}` },
          (slice) => `${label}/DICOM/${patient}/${name(slice)}`,
        );
        await writePhantom(
          people.dir,
          { index: index + 5, id: `q${index}` },
          (slice) => `${label}/flat/${patient}-${name(slice)}`,
        );
      }
    const { scans, positive, quarantine } = await people.importIt();
    expect([scans, positive, quarantine.length]).to.deep.equal([12, 6, 0]);
  });

  it("refuses the two PatientIDs in a folder that is one patient's like all others", async () => {
    for (const index of [1, 2, 3, 4, 5])
      await writePhantom(
        people.dir,
        { index, id: `p${index}` },
        (slice) => `${classOf(index)}/patient${Math.min(index, 3)}/${index}-${name(slice)}`,
      );
    await writePhantom(people.dir, { index: 6, id: "p6" }, (slice) => `negative/patient6/${name(slice)}`);
    const summary = await people.importIt();
    expect(codes(summary)).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
    expect(summary.scans).to.equal(4);
    const byId = await people.importIt({ patientsBy: "id" });
    expect(byId.scans).to.equal(6);
  });

  it("refuses two PatientIDs in one study", async () => {
    for (const index of [1, 2, 3, 4]) {
      const study = index < 3 ? uidFor("one", "study") : uidFor("study", index);
      await writePhantom(people.dir, { index, id: `o${index}`, study }, (slice) => `positive/o${index}/${name(slice)}`);
    }
    const summary = await people.importIt({ oneClass: true });
    expect(codes(summary)).to.deep.equal(["PATIENT_UNCLEAR", "PATIENT_UNCLEAR"]);
  });

  it("takes no picture beside DICOM files for a scan, and none that does not look like CT", async () => {
    await writePhantom(people.dir, { index: 1, id: "cd1" }, (slice) => `DICOM/PAT/STU/SER/${name(slice)}`);
    await writeInto(join(people.dir, "DICOMDIR"), "no matter");
    await writeInto(join(people.dir, "autorun.inf"), "[autorun]");
    for (const picture of [1, 2, 3, 4])
      await writeInto(join(people.dir, "VIEWER", `splash${picture}.png`), colourNoise(picture));
    const cd = await people.importIt({ label: 1, oneClass: true });
    expect(cd.scans).to.equal(1);
    expect(codes(cd, "file")).to.deep.equal(Array(4).fill("PICTURE_BESIDE_DICOM"));
    people.another();
    for (const picture of [1, 2, 3]) {
      await writeInto(join(people.dir, "positive", "screens", `${picture}.png`), colourNoise(picture));
      await writeInto(join(people.dir, "negative", "p2", `${picture}.png`), greyBody());
    }
    const pictures = await people.importIt({ oneClass: true });
    expect([pictures.scans, pictures.positive]).to.deep.equal([1, 0]);
    expect(codes(pictures)).to.deep.equal(["PICTURE_NOT_CT"]);
  });

  it("takes one picture a person from folders of two classes", async () => {
    for (const folder of ["COVID", "NonCOVID"])
      for (const picture of [1, 2])
        await writeInto(join(people.dir, folder, `${picture}.png`), greyBody(picture * 9 + folder.length));
    const { scans, positive } = await people.importIt();
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("never merges people by the beginning of file names", async () => {
    for (const index of [1, 2])
      await writePhantom(people.dir, { index, id: `z${index}` }, (slice) => `1-${slice}-${index}.dcm`);
    await writePhantom(people.dir, { index: 3, id: "z3" }, (slice) => `2-${slice}.dcm`);
    await writeInto(join(people.dir, "labels.csv"), "patient,label\n1,1\n2,0\n");
    const summary = await people.importIt({ oneClass: true });
    expect(codes(summary)).to.deep.equal(["LABEL_MISSING", "LABEL_MISSING"]);
    expect(await people.labelsOf(["z1", "z2", "z3"])).to.deep.equal({ z1: undefined, z2: undefined, z3: 0 });
  });
});

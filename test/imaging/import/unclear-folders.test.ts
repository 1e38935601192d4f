import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ImportOptions } from "../../../imaging/import/import-options.ts";
import type { ImportSummary } from "../../../imaging/import/import-summary.ts";
import type { NothingImported } from "../../../imaging/import/nothing-imported.ts";
import { uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { greyBody } from "./odd-pictures.ts";
import { writeInto, writePhantom } from "./phantom-archive.ts";
import { importInto } from "./synthetic.ts";

const classOf = (index: number) => (index % 2 ? "positive" : "negative");
const letter = (index: number) => "abcdef"[index]!;

describe("folders that may be a patient's or not", function () {
  this.timeout(60_000);
  let root: string;
  let dir: string;
  let counter = 0;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-unclear-"));
  });
  beforeEach(() => {
    dir = join(root, `archive${++counter}`);
  });
  after(() => rm(root, { recursive: true, force: true }));

  const importIt = (options: Partial<ImportOptions> = {}): Promise<ImportSummary> =>
    importInto(dir, `${dir}-shard`, { keyFile: join(root, "key"), pictures: 0, ...options });
  const failure = (options: Partial<ImportOptions> = {}) =>
    importIt(options).then(
      () => undefined,
      ({ code, facts, remedy }: NothingImported) => ({ code, facts, remedy }),
    );
  /** A patient without a PatientID, whose study is the place's. */
  const write = (index: number, folder: string, id = "") =>
    writePhantom(dir, { index, id, study: uidFor("unclear", folder) }, (slice) => `${folder}/IM${slice}.dcm`);

  it("are studies where the same numbers recur below names, and rows that are so numbered match nobody", async () => {
    for (const index of [1, 2, 3, 4]) for (const study of [1, 2]) await write(index, `name ${letter(index)}/${study}`);
    await writeInto(join(dir, "labels.csv"), "patient,label\n1,1\n2,0\n3,1\n4,0\n");
    const { code, facts } = (await failure())!;
    expect([code, facts["reasons"]]).to.deep.equal(["NO_SCANS", "PATIENT_UNCLEAR 4"]);
  });

  it("are patients below those of a batch, a department or a site, which may use the same numbers", async () => {
    for (const index of [0, 1, 2, 3]) await write(index, `${classOf(index)}/Batch1/patient${index}`);
    for (const index of [4, 5, 6, 7]) await write(index, `${classOf(index)}/Radiology/2021/${index}`);
    for (const index of [8, 9, 10, 11]) await write(index, `${classOf(index)}/site${index < 10 ? 1 : 2}/7/DICOM`);
    const { scans, positive, quarantine } = await importIt();
    expect([scans, positive, quarantine.length]).to.deep.equal([12, 6, 0]);
  });

  it("are refused where one name in both classes is around several studies", async () => {
    for (const index of [0, 1, 2, 3]) await write(index, `${classOf(index)}/Lungs/${letter(index)}`);
    for (const index of [4, 5]) await write(index, `${classOf(index)}/whole${index}`);
    const { scans, quarantine } = await importIt();
    expect(scans).to.equal(2);
    expect(quarantine.map(({ what, code }) => `${what} ${code}`)).to.deep.equal(Array(2).fill("scan PATIENT_UNCLEAR"));
    expect((await importIt({ patientsBy: "folder" })).scans).to.equal(4);
  });

  it("are refused where a lone folder, or folders of people's names, may be around several patients", async () => {
    for (const index of [1, 3]) await write(index, `positive/Town Hospital/case ${letter(index)}`);
    for (const index of [0, 2]) await write(index, `negative/whole${index}`);
    for (const index of [4, 6]) await write(index, `negative/North/${["Doe", "Roe", "Poe"][index / 2 - 2]}`);
    const failed = (await failure())!;
    expect([failed.code, failed.facts["reasons"]]).to.deep.equal(["LABELS_ONE_CLASS", "PATIENT_UNCLEAR 2"]);
    expect((await importIt({ patientsBy: "folder" })).scans).to.equal(4);
  });

  it("are patients' where the PatientID is a word for nobody, in other languages too", async () => {
    for (const [index, id] of ["UNBEKANNT", "UNBEKANNT", "Desconocido", "an\u00f3nimo"].entries())
      await write(index, `${classOf(index)}/whole${index}`, id);
    const { scans, positive } = await importIt();
    expect([scans, positive]).to.deep.equal([4, 2]);
  });

  it("hold previews of the patients beside them, which are no scans", async () => {
    for (const index of [0, 1]) {
      await write(index, `${classOf(index)}/pat${index}`, `t${index}`);
      await writeInto(join(dir, classOf(index), "thumbnails", `pat${index}.png`), greyBody(9 + index * 5));
    }
    const { scans, quarantine } = await importIt();
    expect(scans).to.equal(2);
    expect(quarantine.map(({ code }) => code)).to.deep.equal(Array(2).fill("PICTURE_BESIDE_DICOM"));
  });

  it("do not say whether PatientIDs that differ in case or leading zeros are one person's", async () => {
    for (const [index, id] of ["AB1", "ab1", "0012", "12", "AB2", "AB3"].entries())
      await write(index, `${classOf(index)}/f${index}`, id);
    const { scans, quarantine } = await importIt();
    expect(scans).to.equal(2);
    expect(quarantine.map(({ code }) => code)).to.deep.equal(Array(4).fill("PATIENT_UNCLEAR"));
    expect((await importIt({ patientsBy: "id" })).scans).to.equal(6);
  });

  it("do not say whether the 7 of a training and the 7 of a test part are one person, unless one study is in both", async () => {
    for (const index of [0, 1]) await write(index, `train/${classOf(index)}/patient7`);
    for (const index of [2, 3]) await write(index, `test/${classOf(index)}/patient7`);
    for (const part of ["train", "test"])
      await writePhantom(
        dir,
        { index: 4, id: "", study: "2.25.4" },
        (slice) => `${part}/negative/patient8/${slice}.dcm`,
      );
    await write(5, "train/positive/patient9");
    const { scans, quarantine } = await importIt();
    expect(scans).to.equal(2);
    expect(quarantine.map(({ code }) => code)).to.deep.equal(Array(2).fill("PATIENT_UNCLEAR"));
  });

  it("may hold masks beside the slices, which are no slices", async () => {
    for (const index of [0, 1]) {
      const folder = join(dir, classOf(index), `patient${index}`);
      await writeInto(join(folder, "images", "1.png"), greyBody(9 + index * 5));
      for (const bright of [1, 255])
        await writeInto(
          join(folder, "masks", `${bright}.png`),
          greyBody(9, (value) => (value === 40 ? bright : 0)),
        );
    }
    const { scans, quarantine } = await importIt();
    expect(scans).to.equal(2);
    expect(quarantine.map(({ what, code }) => `${what} ${code}`)).to.deep.equal(Array(4).fill("file PICTURE_NOT_CT"));
  });

  it("do not matter where a spreadsheet dropped the zeros of accession numbers; thousands are no numbers that small", async () => {
    for (const index of [1, 2, 3]) {
      const elements = { "00080050": ["SH", `000${index}`] } as const;
      await writePhantom(dir, { index, id: `a${index}`, elements }, (slice) => `all/${4 - index}-IM${slice}.dcm`);
    }
    await writeInto(join(dir, "labels.csv"), "AccessionNumber;label\n1,0;1\n2,0;0\n3.000;1\n");
    const { scans, positive, unmatchedRows, quarantine } = await importIt();
    expect([scans, positive, unmatchedRows]).to.deep.equal([2, 1, [4]]);
    expect(quarantine.map(({ code }) => code)).to.deep.equal(["LABEL_MISSING"]);
  });

  it("have grades instead of classes, which a CSV of folders turns into classes", async () => {
    for (const index of [0, 1, 2, 3]) await write(index, `studies/CT-${index}/study_000${index}`);
    const { code, remedy } = (await failure())!;
    expect(code).to.equal("LABELS_MISSING");
    expect(remedy).to.include("--labels").and.to.include("folder");
    const rows = [0, 1, 2, 3].map((grade) => `studies/CT-${grade},${grade === 0 ? "negative" : "positive"}\n`);
    await writeInto(join(dir, "labels.csv"), `folder,label\n${rows.join("")}`);
    const { scans, positive } = await importIt();
    expect([scans, positive]).to.deep.equal([4, 3]);
  });

  it("may be packed, which is said of each file", async () => {
    await write(0, "negative/n0");
    for (const name of ["p1.tar.gz", "p2.7z", "IM0.dcm.gz"]) await writeInto(join(dir, "positive", name), "packed");
    const { code, facts } = (await failure())!;
    expect([code, facts["reasons"]]).to.deep.equal(["LABELS_ONE_CLASS", "FILE_PACKED 3"]);
  });

  it("lose a class by files that cannot be read, and the error says so", async () => {
    await write(0, "negative/n0");
    await writeInto(join(dir, "positive/p1/IM0.dcm"), "no DICOM");
    const { code, facts } = (await failure())!;
    expect([code, facts["reasons"]]).to.deep.equal(["LABELS_ONE_CLASS", "DICOM_FOREIGN 1"]);
  });
});

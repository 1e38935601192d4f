import { expect } from "chai";
import { readLabelRows } from "../../../imaging/source/label-rows.ts";

const read = (text: string) =>
  readLabelRows(Buffer.from(text)).map(({ row, patients, file, label }) => [row, patients[0], file, label]);
const failure = (text: string) => {
  try {
    read(text);
  } catch (error) {
    const { code, facts } = error as { code: string; facts: object };
    return { code, ...facts };
  }
};

describe("a CSV of labels", () => {
  const plain = [
    [2, "p1", undefined, 1],
    [3, "p2", undefined, 0],
  ];

  it("is the same by any separator, with quotes, in any order of columns, with others beside them", () => {
    expect(read("patient,label\np1,1\np2,0\n")).to.deep.equal(plain);
    expect(read("sep=;\r\npatient;label\r\np1;1\r\np2;0\r\n")).to.deep.equal(plain);
    expect(read("label\tPatient ID\n1.0\tp1\n0.0\tp2\n")).to.deep.equal(plain);
    expect(read('no,patient,note,label\n1,p1,"a, b ""c""\nnext line",1\n2,p2,,0\n')).to.deep.equal(plain);
    expect(read("MRN;Diagnóstico\np1;positivo\np2;negativo\n")).to.deep.equal(plain);
    expect(read("Patienten-Nr;Patientennummer;Befund\n1;p1;positiv\n2;p2;negativ\n")).to.deep.equal(plain);
    expect(read("patient,label\n'0012,1\n'0013,0\n").map(([, name]) => name)).to.deep.equal(["0012", "0013"]);
    expect(read('"patient";"label"\n="p1";"COVID+"\n="p2";"COVID-"\n')).to.deep.equal(plain);
  });

  it("is the same below a title, and with notes behind the names of columns that say what numbers mean", () => {
    const below = (text: string) => read(text).map(([, ...cells]) => cells);
    const cells = plain.map(([, ...rest]) => rest);
    expect(below("Patients of 2021;;\n\npatient;label\np1;1\np2;0\n")).to.deep.equal(cells);
    for (const note of ["(1 = yes, 0 = no)", "(0/1)", "[positive=1, negative=0]", "(PCR)", "(ja/nein)"])
      expect(read(`patient (pseudonym);COVID ${note}\np1;1\np2;0\n`), note).to.deep.equal(plain);
    for (const note of ["(0 = yes, 1 = no)", "(negative)", "(positive=0)", "(1 = other)"])
      expect(failure(`patient;COVID ${note}\np1;1\np2;0\n`)?.code, note).to.equal("LABELS_MALFORMED");
  });

  it("is the same in UTF-8 and UTF-16 with and without a mark", () => {
    const text = "patient,label\np1,1\np2,0\n";
    const little = Buffer.from(text, "utf16le");
    const big = Buffer.from(little).swap16();
    const marked = (mark: readonly number[], bytes: Uint8Array) => Buffer.concat([Buffer.from(mark), bytes]);
    for (const bytes of [
      marked([0xef, 0xbb, 0xbf], Buffer.from(text)),
      marked([0xff, 0xfe], little),
      marked([0xfe, 0xff], big),
      little,
      big,
    ]) {
      expect(readLabelRows(bytes).map(({ patients, label }) => [patients[0], label])).to.deep.equal([
        ["p1", 1],
        ["p2", 0],
      ]);
    }
  });

  it("holds names in NFC, and in each character set that its bytes can be", () => {
    const [decomposed] = readLabelRows(Buffer.from("patient,label\nMu\u0308ller,1\n"));
    expect(decomposed!.patients).to.deep.equal(["M\u00fcller"]);
    const [latin] = readLabelRows(Buffer.from("patient,label\nM\u00fcller,1\n", "latin1"));
    expect(latin!.patients).to.include("M\u00fcller");
    const chinese = Buffer.concat([
      Buffer.from("patient,label\n"),
      Buffer.from("cdf5d0a1b6ab", "hex"),
      Buffer.from(",1\n"),
    ]);
    expect(readLabelRows(chinese)[0]!.patients).to.include("\u738b\u5c0f\u4e1c");
    const cyrillic = Buffer.concat([
      Buffer.from("patient,label\n"),
      Buffer.from("c8e2e0edeee2", "hex"),
      Buffer.from(",1\n"),
    ]);
    expect(readLabelRows(cyrillic)[0]!.patients).to.include("\u0418\u0432\u0430\u043d\u043e\u0432");
  });

  it("may name files instead of patients, and prefers a PatientID to a running number", () => {
    expect(read("file,label\n./a\\b.dcm,1\n")).to.deep.equal([[2, undefined, "a/b.dcm", 1]]);
    expect(read("id,PatientID,label\n1,p9,1\n")).to.deep.equal([[2, "p9", undefined, 1]]);
  });

  it("may be the source work's data_file.csv", () => {
    expect(read("train,1,patient1,60\ntest,0,patient2,64\n")).to.deep.equal([
      [1, "patient1", undefined, 1],
      [2, "patient2", undefined, 0],
    ]);
  });

  it("leaves out who has no label or labels of both classes, and nobody else", () => {
    const others = "p1,1\np2,0\n";
    for (const empty of ["", " ", "nan", "n/a", "?", "unknown", "Pending"])
      expect(read(`patient,label\n${others}p3,${empty}\n`), empty).to.deep.equal([
        ...plain,
        [4, "p3", undefined, "missing"],
      ]);
    expect(read(`patient,label\n${others}p3,1\np3,\n`).slice(2)).to.deep.equal([
      [4, "p3", undefined, "missing"],
      [5, "p3", undefined, "missing"],
    ]);
    expect(
      read(`patient,label\n${others}p3,1\np3,0\np3,\n`)
        .slice(2)
        .map(([, , , label]) => label),
    ).to.deep.equal([...Array(3).fill("contradicting")]);
    expect(failure("patient,label\np1,\np2,?\n")).to.deep.equal({ code: "LABELS_MALFORMED", row: 2, column: "label" });
  });

  it("tells visits of both classes apart by a column of UIDs, and nobody else's", () => {
    const visits = "PatientID,StudyInstanceUID,label\np1,1.2.1,0\np1,1.2.2,1\np2,1.2.3,0\np3,,1\np3,1.2.4,0\n";
    expect(read(visits)).to.deep.equal([
      [2, "1.2.1", undefined, 0],
      [3, "1.2.2", undefined, 1],
      [4, "p2", undefined, 0],
      [5, "p3", undefined, "contradicting"],
      [6, "1.2.4", undefined, 0],
    ]);
  });

  it("is refused by the row, as a spreadsheet counts it, and the column", () => {
    expect(failure("patient,label\np1,covid\np2,perhaps\n")).to.deep.equal({
      code: "LABELS_MALFORMED",
      row: 3,
      column: "label",
    });
    expect(failure('patient,label\n"p\n1",1\n,0\n')).to.deep.equal({
      code: "LABELS_MALFORMED",
      row: 3,
      column: "patient",
    });
    // Two columns of one name that say different things.
    expect(failure("PatientID,PatientID,label\np1,p1,1\np2,p3,0\n")).to.deep.equal({
      code: "LABELS_MALFORMED",
      row: 3,
      column: "patient",
    });
    // Names of people match nobody.
    expect(failure("PatientName,label\nDOE^JOHN,1\n")).to.deep.include({ code: "LABELS_MALFORMED" });
    expect(failure("name,label\nDOE^JOHN,1\n")).to.deep.include({ code: "LABELS_MALFORMED" });
    expect(failure("patient,label\np1,1\np1,0\n")).to.deep.equal({ code: "LABELS_CONTRADICT", row: 3 });
    expect(failure("patient,label,pcr\np1,1,positive\np2,0,pending\np3,1,negative\n")).to.deep.equal({
      code: "LABELS_CONTRADICT",
      row: 4,
    });
    expect(failure("patient,label,Label\np1,1,0\n")).to.deep.equal({ code: "LABELS_CONTRADICT", row: 2 });
    expect(failure("PK\u0003\u0004 a workbook")).to.deep.equal({ code: "LABELS_MALFORMED" });
    expect(failure("name,result\np1,1\n")).to.deep.equal({ code: "LABELS_MALFORMED", rows: 2 });
  });
});

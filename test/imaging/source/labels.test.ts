import { expect } from "chai";
import { compareNaturally } from "../../../foundation/natural-order.ts";
import { labelOfWord, labelsFromCsv, labelsFromFolders } from "../../../imaging/source/labels.ts";

const file = (path: string) => ({ parts: path.split("/") });

describe("labels of an archive", () => {
  it("knows a class in the spellings that archives use, and takes nothing else for one", () => {
    for (const word of ["positive", "COVID", "CT_COVID", "covid-19", "COVID19 positive"]) {
      expect(labelOfWord(word), word).to.equal(1);
    }
    for (const word of ["negative", "NonCOVID", "CT_NonCOVID", "non-covid", "COVID-19 negative", "Normal"]) {
      expect(labelOfWord(word), word).to.equal(0);
    }
    for (const word of ["patient1", "1", "series2", "", "covid study", "ct", "posterior"]) {
      expect(labelOfWord(word), word).to.equal(undefined);
    }
  });

  it("takes the class from any folder, and the patient from the next one or the file's beginning", () => {
    const labels = labelsFromFolders([file("x/CT_COVID/p1/a.dcm")]);
    expect(labels(file("x/CT_COVID/p1/s/a.dcm"))).to.deep.equal({ label: 1, patient: "p1" });
    expect(labels(file("x/CT_NonCOVID/patient12-slice-003.jpg"))).to.deep.equal({ label: 0, patient: "patient12" });
    expect(labels(file("other/p2/a.dcm"))).to.deep.equal({ label: undefined, patient: undefined });
  });

  it("takes folders 1 and 0 for classes only where both stand side by side and no words do", () => {
    const digits = ["set/1/p1/a.dcm", "set/0/p2/b.dcm"].map(file);
    expect(labelsFromFolders(digits)(digits[0]!)).to.deep.equal({ label: 1, patient: "p1" });
    const exported = ["p1/1/a.dcm", "p1/2/b.dcm", "p2/1/c.dcm"].map(file);
    expect(labelsFromFolders(exported)(exported[0]!).label).to.equal(undefined);
    const words = ["positive/p1/1/a.dcm", "positive/p1/0/b.dcm", "negative/p2/0/c.dcm"].map(file);
    expect(labelsFromFolders(words)(words[1]!)).to.deep.equal({ label: 1, patient: "p1" });
  });

  it("reads a CSV by patient, by file or by PatientID, and never mixes patient1 with patient12", () => {
    const labels = labelsFromCsv('\uFEFFpatient,label,file\n"patient1",covid,a/x.jpg\r\npatient12,noncovid,\n');
    expect(labels(file("a/x.jpg"))).to.deep.equal({ label: 1, patient: "patient1" });
    expect(labels(file("any/patient12/y.dcm"))).to.deep.equal({ label: 0, patient: "patient12" });
    expect(labels(file("patient12_4.jpg")).patient).to.equal("patient12");
    expect(labels(file("patient1_4.jpg")).patient).to.equal("patient1");
    expect(labels(file("patient123.jpg")).patient).to.equal(undefined);
    expect(labels(file("y.dcm"), "patient12").label).to.equal(0);
  });

  it("reads the source work's data_file.csv", () => {
    const labels = labelsFromCsv("train,1,patient1,60\ntest,0,patient2,64\n");
    expect(labels(file("data/train/1/patient1-0007.jpg"))).to.deep.equal({ label: 1, patient: "patient1" });
    expect(labels(file("data/test/0/patient2-0001.jpg")).label).to.equal(0);
  });

  it("says which row of a CSV is wrong", () => {
    const failure = (text: string) => {
      try {
        labelsFromCsv(text);
      } catch (error) {
        const { code, facts } = error as { code: string; facts: object };
        return { code, ...facts };
      }
    };
    expect(failure("patient,label\np1,covid\np2,perhaps\n")).to.deep.equal({ code: "LABELS_MALFORMED", row: 3 });
    expect(failure("patient,label\np1,1\np1,0\n")).to.deep.equal({ code: "LABELS_CONTRADICT", row: 3 });
    expect(failure("name,result\np1,1\n")).to.deep.equal({ code: "LABELS_MALFORMED", rows: 2 });
  });

  it("sorts slice-2 before slice-10", () => {
    const names = ["slice-10", "slice-2", "slice-1b", "slice-1", "slice-02"];
    expect(names.sort(compareNaturally)).to.deep.equal(["slice-1", "slice-1b", "slice-02", "slice-2", "slice-10"]);
  });
});

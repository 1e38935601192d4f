import { expect } from "chai";
import { isUnclearClass, labelOfCell, labelOfWord } from "../../../imaging/source/class-names.ts";
import { readFolders } from "../../../imaging/source/folder-roles.ts";

describe("names of classes", () => {
  const positive = [
    "positive",
    "COVID",
    "CT_COVID",
    "covid-19",
    "COVID19 positive",
    "COVID+",
    "SARS-CoV-2",
    "covid_pos",
    "Covid_yes",
    "RT-PCR positive",
    "COVID positivos",
    "Pozitif",
    "positief",
    "COVID detected",
    "train_positive",
    "新冠阳性",
    "положительные",
  ];
  const negative = ["negative", "NonCOVID", "CT_NonCOVID", "non-covid", "COVID-19 negative", "Normal", "COVID-"].concat(
    [
      "COVID (-)",
      "COVID \u2212",
      "COVID neg",
      "no covid",
      "ohne COVID",
      "sin covid",
      "kein_Covid",
      "COVID -ve",
      "covidneg",
      "Covid_no",
      "PCR-negative",
      "négatifs",
      "sanos",
      "ujemny",
      "Témoins",
      "COVID not detected",
      "undetected",
      "阴性",
      "отрицательный",
    ],
  );

  it("are read in the spellings, signs and languages that archives use", () => {
    for (const word of positive) expect(labelOfWord(word), word).to.equal(1);
    for (const word of negative) expect(labelOfWord(word), word).to.equal(0);
  });

  it("are read behind the number of their class, and refused behind another one", () => {
    for (const word of ["1_positive", "1 - COVID", "1.covid-19"]) expect(labelOfWord(word), word).to.equal(1);
    for (const word of ["0_negative", "0-Normal", "0 NonCOVID"]) expect(labelOfWord(word), word).to.equal(0);
    for (const word of ["0_positive", "1_negative", "0_covid", "1-normal", "2_positive", "1_patient", "0_1"]) {
      expect(labelOfWord(word), word).to.equal(undefined);
    }
  });

  it("are read with a date where dates are usual, and never as a year that is a patient's number", () => {
    for (const word of ["COVID_2020", "positive 2021-03", "2020-03-01_covid"]) {
      expect(labelOfWord(word, { dates: true }), word).to.equal(1);
      expect(labelOfWord(word), word).to.equal(undefined);
    }
    const reading = (folders: readonly string[]) =>
      readFolders(folders.map((name) => ["all", name]))(["all", "covid_2001"]).label;
    expect(reading(["covid_2001", "normal_2002"])).to.equal(1);
    expect(reading(["covid_2001", "covid_17"])).to.equal(undefined);
  });

  it("are nothing else: numbers, patients, subjects, doubts, words of other scripts", () => {
    const others = [
      "patient1",
      "1",
      "series2",
      "",
      "covid study",
      "ct",
      "posterior",
      "patient no 5",
      "abnormal",
      "CT-0",
      "CT-4",
      "yes",
      "PCR",
    ];
    const doubtful = [
      "COVID?",
      "COVID unlikely",
      "post-covid",
      "COVID +/-",
      "non-normal",
      "нет COVID",
      "-COVID",
      "no covid yes",
      "COVID and NonCOVID",
      "非新冠",
      "假阳性",
    ];
    for (const word of [...others, ...doubtful]) expect(labelOfWord(word), word).to.equal(undefined);
  });

  it("distinguish a class that is not understood from a patient's name", () => {
    for (const word of ["COVID unlikely", "post-covid", "COVID?", "non-normal"])
      expect(isUnclearClass(word), word).to.equal(true);
    for (const word of ["covid_017", "patient7", "COVID", "DICOM"]) expect(isUnclearClass(word), word).to.equal(false);
  });

  it("may be digits, signs, yes and no in a cell of a CSV", () => {
    for (const cell of ["1", "1.0", "1,0", "+", "yes", "TRUE", "positiv"]) expect(labelOfCell(cell), cell).to.equal(1);
    for (const cell of ["0", "0.0", "0,00", "-", "no", "False", "negativ"]) expect(labelOfCell(cell), cell).to.equal(0);
    for (const cell of ["", "2", "perhaps", "0.5"]) expect(labelOfCell(cell), cell).to.equal(undefined);
  });
});

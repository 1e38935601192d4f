import { expect } from "chai";
import { isScannerWord } from "../../../imaging/series/scanner-names.ts";

describe("words for a scanner", () => {
  it("are a maker's own", () => {
    for (const maker of ["SIEMENS", "GE MEDICAL SYSTEMS", "Philips", "TOSHIBA", "CANON_MEC", ""])
      expect(isScannerWord("manufacturer", maker), maker).to.equal(true);
    const models =
      "Sensation 16;LightSpeed VCT;Brilliance 64;Aquilion;SOMATOM Definition AS+;Discovery CT750 HD;iCT 256";
    for (const model of [
      ...models.split(";"),
      "Emotion 16 (2007)",
      "Revolution EVO",
      "NeuViz 128",
      "uCT 760",
      "Aquilion ONE",
    ])
      expect(isScannerWord("model", model), model).to.equal(true);
    const kernels = "B40f;B70f;STANDARD;LUNG;B;YC;FC08;FC51;Br40d\\3;SHARP;BONEPLUS;FC51-H;I70f;BODY_SHARP";
    for (const kernel of kernels.split(";")) expect(isScannerWord("kernel", kernel), kernel).to.equal(true);
  });

  it("are not names, dates or numbers that somebody typed", () => {
    for (const typed of ["MEIER", "Anna Meier", "19600203", "SIEMENS MEIER", "B40f MEIER", "Sensation Anna", "12"])
      for (const kind of ["manufacturer", "model", "kernel"] as const)
        expect(isScannerWord(kind, typed), typed).to.equal(false);
  });
});

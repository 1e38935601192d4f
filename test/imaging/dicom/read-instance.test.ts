import { expect } from "chai";
import { readInstance, readInstanceHeader } from "../../../imaging/dicom/read-instance.ts";
import {
  type Dataset,
  DEFLATED,
  EXPLICIT_BIG,
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  transfer,
  writePart10,
} from "../../../imaging/phantom/part10.ts";

const CT = "1.2.840.10008.5.1.4.1.1.2";

const slice: Dataset = new Map([
  ["00080008", { vr: "CS", value: "original\\PRIMARY\\AXIAL" }],
  ["00080016", { vr: "UI", value: CT }],
  ["00080018", { vr: "UI", value: "2.25.4" }],
  ["00080020", { vr: "DA", value: "20200131" }],
  ["00080060", { vr: "CS", value: "CT" }],
  ["00080070", { vr: "LO", value: "SIEMENS" }],
  ["00080080", { vr: "LO", value: "Somewhere General Hospital" }],
  ["00100010", { vr: "PN", value: "SURNAME^GIVEN" }],
  ["00100020", { vr: "LO", value: "ID-77" }],
  ["00100030", { vr: "DA", value: "19500203" }],
  ["00104000", { vr: "LT", value: "comments on a person" }],
  ["00180050", { vr: "DS", value: "1.25" }],
  ["00180015", { vr: "CS", value: "chest" }],
  ["00181210", { vr: "SH", value: "B40f" }],
  ["00185100", { vr: "CS", value: "HFS" }],
  ["0020000D", { vr: "UI", value: "2.25.1" }],
  ["0020000E", { vr: "UI", value: "2.25.2" }],
  ["00200012", { vr: "IS", value: "3" }],
  ["00200032", { vr: "DS", value: "-100.5\\-90\\12.25" }],
  ["00200037", { vr: "DS", value: "1\\0\\0\\0\\1\\0" }],
  ["00280002", { vr: "US", value: [1] }],
  ["00280004", { vr: "CS", value: "MONOCHROME2" }],
  ["00280010", { vr: "US", value: [2] }],
  ["00280011", { vr: "US", value: [3] }],
  ["00280030", { vr: "DS", value: "0.7\\0.8" }],
  ["00280100", { vr: "US", value: [16] }],
  ["00280101", { vr: "US", value: [16] }],
  ["00280102", { vr: "US", value: [15] }],
  ["00280103", { vr: "US", value: [1] }],
  ["00280120", { vr: "US", value: [63536] }],
  ["00281052", { vr: "DS", value: "-1024" }],
  ["00281053", { vr: "DS", value: "001.000000E+00" }],
  ["00281054", { vr: "LO", value: "HU" }],
  ["7FE00010", { vr: "OW", value: new Uint8Array(12) }],
]);

const expected = {
  transferSyntax: "1.2.840.10008.1.2.1",
  sopClass: CT,
  modality: "CT",
  patientId: "ID-77",
  studyUid: "2.25.1",
  seriesUid: "2.25.2",
  instanceUid: "2.25.4",
  acquisitionNumber: 3,
  imageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
  manufacturer: "SIEMENS",
  manufacturerModel: "",
  kernel: "B40f",
  bodyPart: "CHEST",
  patientPosition: "HFS",
  sliceThicknessMm: 1.25,
  gantryTiltDegrees: undefined,
  hasPixels: true,
  rows: 2,
  columns: 3,
  samplesPerPixel: 1,
  photometricInterpretation: "MONOCHROME2",
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  isSigned: true,
  pixelPaddingValue: -2000,
  pixelPaddingLimit: undefined,
  frames: [
    {
      positionMm: [-100.5, -90, 12.25],
      orientation: [1, 0, 0, 0, 1, 0],
      pixelSpacingMm: [0.7, 0.8],
      rescaleSlope: 1,
      rescaleIntercept: -1024,
      rescaleType: "HU",
    },
  ],
};

describe("reading what a DICOM file says of itself", () => {
  it("gives the values on the allow-list, as numbers where they are numbers", () => {
    expect(readInstance(writePart10(slice)).instance).to.deep.equal(expected);
  });

  it("gives nothing that is not on the allow-list: no name, birth date, institution or comment", () => {
    const all = JSON.stringify(readInstance(writePart10(slice)));
    for (const secret of ["SURNAME", "19500203", "Somewhere", "comments", "20200131"])
      expect(all).not.to.include(secret);
  });

  it("reads each plain syntax alike, with or without a preamble", () => {
    for (const syntax of [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED]) {
      for (const preamble of [true, false]) {
        const { instance } = readInstance(writePart10(slice, { syntax, preamble }));
        expect(instance, `${syntax.uid} ${preamble}`).to.deep.equal({ ...expected, transferSyntax: syntax.uid });
      }
    }
  });

  it("reads files that have no meta header at all", () => {
    for (const syntax of [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG]) {
      const whole = writePart10(slice, { syntax, preamble: false });
      const start = whole.indexOf(Buffer.from(syntax.bigEndian ? [0, 8, 0, 8] : [8, 0, 8, 0]));
      const { instance } = readInstance(whole.subarray(start));
      expect(instance, syntax.uid).to.deep.equal({ ...expected, transferSyntax: syntax.uid });
    }
  });

  it("reads a header from the beginning of a file, compressed or not, and wants no pixels for it", () => {
    for (const syntax of [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED]) {
      const pixels = { vr: "OW", value: new Uint8Array(90_000).map((_, at) => (at * at) >> 3) };
      const large = new Map([
        ...slice,
        ["00280010", { vr: "US", value: [150] }],
        ["00280011", { vr: "US", value: [300] }],
      ]);
      const whole = writePart10(new Map([...large, ["7FE00010", pixels]]), { syntax });
      const header = readInstanceHeader(whole.subarray(0, 4096));
      expect(header, syntax.uid).to.deep.equal(readInstance(whole).instance);
    }
    const compressed = writePart10(without("7FE00010"), {
      syntax: transfer("1.2.840.10008.1.2.4.70"),
      frames: [Buffer.alloc(9)],
    });
    expect(readInstanceHeader(compressed.subarray(0, compressed.length - 20)).rows).to.equal(2);
  });

  it("reads the header of objects without pixels, which have no frames, and refuses to give pixels", () => {
    const report = writePart10(new Map([...without("7FE00010"), ["00080060", { vr: "CS", value: "SR" }]]));
    const header = readInstanceHeader(report);
    expect([header.modality, header.hasPixels, header.rows, header.frames]).to.deep.equal(["SR", false, 0, []]);
    expect(() => readInstance(report))
      .to.throw()
      .with.property("code", "DICOM_UNSUPPORTED");
  });

  it("takes each frame's own functional groups, then the shared ones, then the file's", () => {
    const group = (elements: Dataset) => ({ vr: "SQ", value: [elements] });
    const rescale = (intercept: string): Dataset =>
      new Map([
        ["00281052", { vr: "DS", value: intercept }],
        ["00281053", { vr: "DS", value: "2" }],
      ]);
    const place = (z: number): Dataset => new Map([["00200032", { vr: "DS", value: `0\\0\\${z}` }]]);
    const enhanced: Dataset = new Map([
      ...slice,
      ["00280008", { vr: "IS", value: "3" }],
      ["52009229", group(new Map([["00289145", group(rescale("-7"))]]))],
      [
        "52009230",
        {
          vr: "SQ",
          value: [
            new Map([["00209113", group(place(1))]]),
            new Map([
              ["00209113", group(place(2))],
              ["00289145", group(rescale("-9"))],
            ]),
          ],
        },
      ],
      ["7FE00010", { vr: "OW", value: new Uint8Array(36) }],
    ]);
    const { frames } = readInstance(writePart10(enhanced)).instance;
    expect(frames.map(({ positionMm }) => positionMm![2])).to.deep.equal([1, 2, 12.25]);
    expect(frames.map(({ rescaleIntercept }) => rescaleIntercept)).to.deep.equal([-7, -9, -7]);
    expect(frames.map(({ rescaleSlope }) => rescaleSlope)).to.deep.equal([2, 2, 2]);
    expect(frames[0]!.pixelSpacingMm).to.deep.equal([0.7, 0.8]);
  });

  it("passes over 64-bit values, whose lengths the parser takes for shorter ones, in the file and in its sequences", () => {
    for (const syntax of [EXPLICIT_LITTLE, EXPLICIT_BIG]) {
      for (const vr of ["OV", "SV", "UV"]) {
        for (const bytes of [0, 8, 24, 70_000]) {
          const long = { vr, value: new Uint8Array(bytes).fill(0x28) };
          const item: Dataset = new Map([["00189999", long]]);
          const file = writePart10(new Map([...slice, ["00189999", long], ["00189346", { vr: "SQ", value: [item] }]]), {
            syntax,
          });
          const plain = writePart10(slice, { syntax });
          expect(readInstance(file).instance, `${vr} of ${bytes}`).to.deep.equal(readInstance(plain).instance);
        }
      }
    }
  });

  it("takes no number from text that is none, and no position of two coordinates", () => {
    const odd = readInstanceHeader(
      writePart10(
        new Map([
          ...slice,
          ["00180050", { vr: "DS", value: "thin" }],
          ["00200032", { vr: "DS", value: "1\\2" }],
          ["00280030", { vr: "DS", value: "0.7\\x" }],
        ]),
      ),
    );
    expect([odd.sliceThicknessMm, odd.frames[0]!.positionMm, odd.frames[0]!.pixelSpacingMm]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

function without(tag: string): Dataset {
  return new Map([...slice].filter(([other]) => other !== tag));
}

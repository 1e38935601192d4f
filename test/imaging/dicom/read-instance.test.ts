import { expect } from "chai";
import { readInstance, readInstanceHeader } from "../../../imaging/dicom/read-instance.ts";
import {
  type Dataset,
  deflatedLittle,
  explicitBig,
  explicitLittle,
  implicitLittle,
  transfer,
  writePart10,
} from "../../../imaging/dicom/write-part10.ts";

const ctStorage = "1.2.840.10008.5.1.4.1.1.2";

const slice: Dataset = new Map([
  ["00080008", { vr: "CS", value: "original\\PRIMARY\\AXIAL" }],
  ["00080016", { vr: "UI", value: ctStorage }],
  ["00080018", { vr: "UI", value: "2.25.4" }],
  ["00080020", { vr: "DA", value: "20200131" }],
  ["00080050", { vr: "SH", value: "ACC-5" }],
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
  ["00180060", { vr: "DS", value: "120" }],
  ["00080032", { vr: "TM", value: "103000.25" }],
  ["00080033", { vr: "TM", value: "103005" }],
  ["00200012", { vr: "IS", value: "3" }],
  ["00200013", { vr: "IS", value: "7" }],
  ["00200052", { vr: "UI", value: "2.25.9" }],
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
  sopClass: ctStorage,
  modality: "CT",
  patientId: "ID-77",
  accessionNumber: "ACC-5",
  studyUid: "2.25.1",
  seriesUid: "2.25.2",
  instanceUid: "2.25.4",
  frameOfReferenceUid: "2.25.9",
  imageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
  manufacturer: "SIEMENS",
  manufacturerModel: "",
  kernel: "B40f",
  bodyPart: "CHEST",
  patientPosition: "HFS",
  sliceThicknessMm: 1.25,
  unreadable: [],
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
      marks: { acquisitionNumber: "3", kilovolts: "120", thickness: "1.25" },
      order: [null, 103_000.25, 103_005, 7],
    },
  ],
};

describe("reading the header of a DICOM file", () => {
  it("reads phases, times and energies that are binary numbers, in every byte order and without a VR", () => {
    const group = (tag: string, vr: string, value: readonly number[]): Dataset => new Map([[tag, { vr, value }]]);
    const energy = { vr: "SQ", value: [group("0018937C", "FD", [70])] };
    const written: Dataset = new Map([
      ...slice,
      ["00209241", { vr: "FL", value: [40] }],
      ["00209245", { vr: "FL", value: [33.3] }],
      ["00209153", { vr: "FD", value: [712.5] }],
      ["0020930D", { vr: "FD", value: [-1500] }],
      ["00209128", { vr: "UL", value: [3] }],
      ["00209156", { vr: "US", value: [2] }],
      ["00189363", energy],
    ]);
    const phases = { cardiacPhase: "40", respiratoryPhase: "33.3", cardiacDelay: "712.5", temporalOffset: "-1500" };
    const numbers = { temporalPositionIndex: "3", frameAcquisitionNumber: "2", energy: "70" };
    for (const syntax of [explicitLittle, implicitLittle, explicitBig]) {
      const { marks } = readInstanceHeader(writePart10(written, { syntax })).frames[0]!;
      expect(marks).to.deep.include({ ...phases, ...numbers });
    }
    const asText = new Map([...slice, ["00209241", { vr: "DS", value: "70.0" }] as const]);
    expect(readInstanceHeader(writePart10(asText)).frames[0]!.marks.cardiacPhase).to.equal("70");
  });

  it("gives the values on the allow-list, as numbers where they are numbers", () => {
    expect(readInstance(writePart10(slice)).instance).to.deep.equal(expected);
  });

  it("gives nothing that is not on the allow-list: no name, birth date, institution or comment", () => {
    const all = JSON.stringify(readInstance(writePart10(slice)));
    for (const secret of ["SURNAME", "19500203", "Somewhere", "comments", "20200131"])
      expect(all).not.to.include(secret);
  });

  it("reads each plain syntax alike, with or without a preamble", () => {
    for (const syntax of [explicitLittle, implicitLittle, explicitBig, deflatedLittle]) {
      for (const preamble of [true, false]) {
        const { instance } = readInstance(writePart10(slice, { syntax, preamble }));
        expect(instance, `${syntax.uid} ${preamble}`).to.deep.equal({ ...expected, transferSyntax: syntax.uid });
      }
    }
  });

  it("reads files that have no meta header at all", () => {
    for (const syntax of [explicitLittle, implicitLittle, explicitBig]) {
      const whole = writePart10(slice, { syntax, preamble: false });
      const start = whole.indexOf(Buffer.from(syntax.bigEndian ? [0, 8, 0, 8] : [8, 0, 8, 0]));
      const { instance } = readInstance(whole.subarray(start));
      expect(instance, syntax.uid).to.deep.equal({ ...expected, transferSyntax: syntax.uid });
    }
  });

  it("reads a header from the beginning of a file, compressed or not, without its pixels", () => {
    for (const syntax of [explicitLittle, implicitLittle, explicitBig, deflatedLittle]) {
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

  it("skips 64-bit values in the file and in its sequences", () => {
    for (const syntax of [explicitLittle, explicitBig]) {
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

  it("names values that it cannot read, and puts no default in their place", () => {
    const odd = (tag: string, vr: string, value: string) =>
      readInstanceHeader(writePart10(new Map([...slice, [tag, { vr, value }]])));
    for (const [tag, name, value] of [
      ["00180050", "SliceThickness", "thin"],
      ["00200032", "ImagePositionPatient", "1\\2"],
      ["00280030", "PixelSpacing", "0.7\\x"],
      ["00281053", "RescaleSlope", "1.2.3"],
      ["00281052", "RescaleIntercept", "-1,024"],
      ["00281052", "RescaleIntercept", "1e999"],
      ["00280030", "PixelSpacing", "1,29"],
      ["00280030", "PixelSpacing", "0\\0"],
      ["00280030", "PixelSpacing", "-0.7\\-0.7"],
      ["00200037", "ImageOrientationPatient", "0\\0\\0\\0\\0\\0"],
    ] as const)
      expect(odd(tag, "DS", value).unreadable, `${name} ${value}`).to.deep.equal([name]);
    expect(odd("00281052", "DS", "").unreadable).to.deep.equal([]);
  });

  it("reads decimal commas where they can be nothing else", () => {
    const read = (elements: Record<string, string>) => {
      const written = Object.entries(elements).map(([tag, value]) => [tag, { vr: "DS", value }] as const);
      const { frames, unreadable } = readInstanceHeader(writePart10(new Map([...slice, ...written])));
      expect(unreadable).to.deep.equal([]);
      return frames[0]!;
    };
    expect(read({ "00281053": "0,5000" }).rescaleSlope).to.equal(0.5);
    expect(read({ "00281053": "1,0D+00" }).rescaleSlope).to.equal(1);
    expect(read({ "00280030": "1.29,1.29" }).pixelSpacingMm).to.deep.equal([1.29, 1.29]);
    expect(read({ "00280030": "0,7,0,8" }).pixelSpacingMm).to.deep.equal([0.7, 0.8]);
    expect(read({ "00280030": "0,7\\0,8" }).pixelSpacingMm).to.deep.equal([0.7, 0.8]);
    // Three digits may be thousands, but not beside another number with a decimal comma.
    expect(read({ "00281052": "-1,024", "00280030": "0,700\\0,700" }).rescaleIntercept).to.equal(-1.024);
  });

  it("reads text in the character set that the file declares, and undeclared UTF-8", () => {
    const name = "\u0141uk\u00e1\u0161";
    const gb = Buffer.from([0xd5, 0xc5, 0x2d, 0x31]);
    for (const [set, bytes, text] of [
      ["ISO_IR 192", Buffer.from(name), name],
      ["", Buffer.from(name.normalize("NFD")), name],
      ["GB18030", gb, "\u5f20-1"],
      ["ISO_IR 144", Buffer.from([0xb8, 0xd2]), "\u0418\u0432"],
      ["ISO_IR 100", Buffer.from([0xc9, 0x6c]), "\u00c9l"],
      ["\\ISO 2022 IR 87", Buffer.from([0x1b, 0x24, 0x42, 0x3b, 0x33, 0x1b, 0x28, 0x42]), "\u5c71"],
    ] as const) {
      const written = new Map([...slice, ["00100020", { vr: "LO", value: Uint8Array.from(bytes) }]] as const);
      if (set !== "") written.set("00080005", { vr: "CS", value: set });
      expect(readInstanceHeader(writePart10(written)).patientId, set).to.equal(text);
    }
  });

  it("reads an implicit data set under a header that declares an explicit one, and the other way round", () => {
    for (const [declared, written] of [
      [explicitLittle, implicitLittle],
      [implicitLittle, explicitLittle],
    ] as const) {
      const file = writePart10(slice, { syntax: { ...written, uid: declared.uid } });
      const { instance } = readInstance(file);
      expect(instance).to.deep.equal({ ...expected, transferSyntax: declared.uid });
    }
  });
});

function without(tag: string): Dataset {
  return new Map([...slice].filter(([other]) => other !== tag));
}

import { randomFillSync } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { type DicomLimits, dicomLimits } from "../../../imaging/dicom/limits.ts";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import { type Dataset, type ElementValue, transfer, writePart10 } from "../../../imaging/dicom/write-part10.ts";
import { loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { huOf, sampleFiles, scans } from "./samples.ts";

const secret = "SURNAME^GIVEN";
const jpegLossless = transfer("1.2.840.10008.1.2.4.70");

describe("hostile and broken files", () => {
  before(() => loadEncoders(["jpeg-lossless-sv1", "jpeg-2000", "jpeg-ls", "rle"]));

  it("bytes that are no DICOM are foreign", async () => {
    const texts = ["", "x", "PK\x03\x04 a zip", "\x89PNG\r\n\x1a\n", "%PDF-1.7 and much more behind it", "\x02\x00"];
    for (const text of texts) expect(await codeOf(Buffer.from(text, "latin1")), text).to.equal("DICOM_FOREIGN");
    expect(await codeOf(Buffer.alloc(5000))).to.equal("DICOM_FOREIGN");
  });

  it("a file cut off anywhere is refused and never read as if it were whole", async () => {
    for (const encoding of ["explicit-little", "implicit-little", "rle", "jpeg-lossless-sv1"] as const) {
      const [whole] = sampleFiles(scans[0]!, encoding);
      for (let length = 0; length < whole!.length - 16; length += length < 1200 ? 1 : 97) {
        const code = await codeOf(whole!.subarray(0, length));
        expect(code, `${encoding} at ${length}`).to.match(/^DICOM_(FOREIGN|TRUNCATED|MALFORMED|UNSUPPORTED)$/);
      }
    }
  });

  it("a claimed matrix of 65,535 x 65,535, or of nothing, is refused before memory is asked for", async () => {
    expect(await codeOf(sliceWith({ "00280010": [65535], "00280011": [65535] }))).to.equal("DICOM_TOO_LARGE");
    expect(await codeOf(sliceWith({ "00280010": [4096], "00280011": [4096] }))).to.equal("DICOM_TRUNCATED");
    expect(await codeOf(sliceWith({ "00280010": [0] }))).to.equal("DICOM_MALFORMED");
  });

  it("claimed frames that are too many, none, or not there are refused", async () => {
    expect(await codeOf(sliceWith({ "00280008": "999999999" }))).to.equal("DICOM_TOO_LARGE");
    expect(await codeOf(sliceWith({ "00280008": "0" }))).to.equal("DICOM_MALFORMED");
    expect(await codeOf(sliceWith({ "00280008": "16000" }))).to.equal("DICOM_TRUNCATED");
  });

  it("a deflated file that unpacks to more than the limit is refused at the limit", async () => {
    const bomb = deflateRawSync(Buffer.alloc(40 * 2 ** 20));
    const header = writePart10(new Map(), { syntax: transfer("1.2.840.10008.1.2.1.99") });
    const limits = { ...dicomLimits, maxInflatedBytes: 2 ** 20 };
    expect(await codeOf(Buffer.concat([header, bomb]), limits)).to.equal("DICOM_TOO_LARGE");
  });

  it("an endless sequence, millions of elements and deep nesting are refused in bounded time", async () => {
    const header = writePart10(new Map(), {});
    const open = Buffer.from([0x08, 0x00, 0x40, 0x11, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    const item = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    const emptyItem = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    const limits = { ...dicomLimits, maxHeaderReads: 300_000 };
    const endless = Buffer.concat([header, open, ...new Array<Buffer>(200_000).fill(emptyItem)]);
    expect(await codeOf(endless, limits)).to.equal("DICOM_TOO_LARGE");
    const element = Buffer.from([0x09, 0x00, 0x10, 0x00, 0x4c, 0x4f, 0, 0]);
    const many = Array.from({ length: 200_000 }, (_, at) => {
      const own = Buffer.from(element);
      own.writeUInt16LE(at & 0xffff, 2);
      return own;
    });
    expect(await codeOf(Buffer.concat([header, ...many]), limits)).to.equal("DICOM_TOO_LARGE");
    const deep = Buffer.concat([header, ...new Array<Buffer>(60_000).fill(Buffer.concat([open, item]))]);
    expect(await codeOf(deep)).to.equal("DICOM_TOO_LARGE");
  });

  it("compressed frames that unpack to another size than the header's never reach a decoder", async () => {
    for (const encoding of ["jpeg-lossless-sv1", "jpeg-ls", "jpeg-2000"] as const) {
      const [whole] = sampleFiles(scans[2]!, encoding);
      const wide = Buffer.from(whole!);
      // The frame's own columns, 48 in the file, become 65,535.
      const marker = { "jpeg-lossless-sv1": 0xffc3, "jpeg-ls": 0xfff7, "jpeg-2000": 0xff51 }[encoding];
      const at = wide.indexOf(Buffer.from([marker >> 8, marker & 255]));
      if (encoding === "jpeg-2000") wide.writeUInt32BE(65_535, at + 6);
      else wide.writeUInt16BE(65_535, at + 7);
      expect(await codeOf(wide), encoding).to.equal("DICOM_PIXELS_DAMAGED");
    }
  });

  it("compressed pixels that are noise, empty, of another codec or without an end are damaged", async () => {
    const noise = randomFillSync(Buffer.alloc(5000));
    const jpeg = Buffer.from(frameOf(sampleFiles(scans[2]!, "jpeg-lossless-sv1")[0]!));
    for (const syntax of ["5", "4.50", "4.57", "4.70", "4.80", "4.90", "4.201"]) {
      const written = (frame: Buffer) => compressed(frame, transfer(`1.2.840.10008.1.2.${syntax}`));
      expect(await codeOf(written(noise)), syntax).to.equal("DICOM_PIXELS_DAMAGED");
      expect(await codeOf(written(Buffer.alloc(0))), syntax).to.equal("DICOM_PIXELS_DAMAGED");
      if (!["4.50", "4.57", "4.70"].includes(syntax))
        expect(await codeOf(written(jpeg)), syntax).to.equal("DICOM_PIXELS_DAMAGED");
    }
    const withoutEnd = compressed(jpeg.subarray(0, jpeg.length - 40), jpegLossless);
    expect(await codeOf(withoutEnd)).to.equal("DICOM_PIXELS_DAMAGED");
  });

  it("a decoder that failed decodes the next file as if nothing had happened", async () => {
    const [whole] = sampleFiles(scans[2]!, "jpeg-2000");
    const before = await huOf(whole!);
    const broken = Buffer.from(whole!);
    const start = broken.indexOf(Buffer.from([0xff, 0x93]));
    randomFillSync(broken, start - 60, 40);
    await codeOf(broken);
    expect(await huOf(whole!)).to.deep.equal(before);
  });

  it("pixels that no CT has are unsupported: colour, 32 bits, video", async () => {
    expect(await codeOf(sliceWith({ "00280002": [3] }))).to.equal("DICOM_UNSUPPORTED");
    expect(await codeOf(sliceWith({ "00280100": [32], "00280101": [32], "00280102": [31] }))).to.equal(
      "DICOM_UNSUPPORTED",
    );
    expect(await codeOf(compressed(Buffer.alloc(10), transfer("1.2.840.10008.1.2.4.102")))).to.equal(
      "DICOM_UNSUPPORTED",
    );
    expect(await codeOf(sliceWith({ "00280101": [13], "00280102": [3] }))).to.equal("DICOM_MALFORMED");
  });

  it("offset tables and fragments that do not fit the frames are malformed", async () => {
    const three = { "00280008": "3" };
    expect(await codeOf(compressed(Buffer.alloc(200), transfer("1.2.840.10008.1.2.5"), three))).to.equal(
      "DICOM_MALFORMED",
    );
  });
});

/** What a file is refused with; "" if it is not. Checks that nothing but FedErrors come, and what they say. */
async function codeOf(bytes: Uint8Array, limits: DicomLimits = dicomLimits): Promise<string> {
  try {
    const file = readInstance(bytes, limits);
    expect(file.instance.rows).to.be.above(0);
    await huOf(bytes);
    return "";
  } catch (error) {
    if (!isFedError(error)) throw error;
    expect(error.remedy, error.code).to.be.a("string");
    const told = `${error.message} ${error.stack} ${JSON.stringify(error.facts)} ${String(error.cause)}`;
    expect(told).not.to.include("SURNAME");
    expect(told).not.to.include("SYNTHETIC^");
    return error.code;
  }
}

function sliceWith(changes: Record<string, ElementValue>): Buffer {
  return writePart10(new Map([...attributes(changes), ["7FE00010", { vr: "OW", value: new Uint8Array(32) }]]));
}

function compressed(frame: Buffer, syntax: ReturnType<typeof transfer>, changes: Record<string, ElementValue> = {}) {
  return writePart10(attributes({ ...sides, ...changes }), { syntax, frames: [frame] });
}

const sides = { "00280010": [48], "00280011": [48] };

function attributes(changes: Record<string, ElementValue>): Dataset {
  const values: Record<string, ElementValue> = {
    "00080060": "CT",
    "00100010": secret,
    "00100020": secret,
    "00280002": [1],
    "00280010": [4],
    "00280011": [4],
    "00280100": [16],
    "00280101": [12],
    "00280102": [11],
    "00280103": [0],
    ...changes,
  };
  return new Map(
    Object.entries(values).map(([tag, value]) => [tag, { vr: typeof value === "string" ? "LO" : "US", value }]),
  );
}

/** The one compressed frame of a file. */
function frameOf(bytes: Buffer): Uint8Array {
  const { pixels } = readInstance(bytes);
  if (pixels.codec === "none") throw new Error("the file is not compressed");
  return pixels.frames[0]![0]!;
}

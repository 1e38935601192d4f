import { inflateRawSync } from "node:zlib";
import { expect } from "chai";
import codecs from "dcmjs-codecs";
import dicomParser from "dicom-parser";
import { type Dataset, explicitLittle, writePart10 } from "../../../imaging/dicom/write-part10.ts";
import { storageOf, storedWords } from "../../../imaging/phantom/ct-instance.ts";
import {
  allEncodings,
  type EncodingName,
  encodePixels,
  loadEncoders,
  storageFor,
} from "../../../imaging/phantom/encodings.ts";
import { synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";

const { NativeCodecs, Context } = codecs;
const names = Object.keys(allEncodings) as EncodingName[];
const scan = synthesiseScan({ seed: 1, index: 0, positive: true, matrix: 48, slices: [3, 3] });
const hu = scan.hu.subarray(48 * 48, 2 * 48 * 48);

describe("the encodings of the synthetic archive", () => {
  before(() => loadEncoders(names));

  for (const manufacturer of ["SIEMENS", "GE MEDICAL SYSTEMS"]) {
    for (const name of names) {
      it(`${name} keeps what ${manufacturer} stores, in a file that declares it`, () => {
        const storage = storageFor(name, storageOf(manufacturer));
        const words = storedWords(hu, storage, scan.acquisition.outsideHu);
        const { syntax, native, frame } = encodePixels(name, words, { rows: 48, columns: 48 }, storage);
        const described: Dataset = new Map([
          ["00080016", { vr: "UI", value: "1.2.840.10008.5.1.4.1.1.2" }],
          ["00280010", { vr: "US", value: [48] }],
          ...(native ? [["7FE00010", { vr: "OW", value: native }] as const] : []),
        ]);
        const set = parse(writePart10(described, { syntax, ...(frame && { frames: [frame] }) }));
        expect(set.string("x00020010")).to.equal(syntax.uid);
        expect(set.uint16("x00280010")).to.equal(48);
        const pixels = set.elements["x7fe00010"]!;
        const bytes = frame
          ? decode(name, pixels.fragments![0]!, set.byteArray, storage)
          : set.byteArray.slice(pixels.dataOffset, pixels.dataOffset + pixels.length);
        const read = storage.bitsAllocated === 8 ? Int16Array.from(bytes) : toWords(bytes, syntax.bigEndian);
        const worst = read.reduce((most, value, at) => Math.max(most, Math.abs(value - words[at]!)), 0);
        expect(read).to.have.length(words.length);
        expect(worst).to.be.at.most(name === "jpeg-baseline" ? 12 : 0);
      });
    }
  }

  it("can leave the preamble out", () => {
    const file = writePart10(new Map([["00080016", { vr: "UI", value: "1.2" }]]), {
      syntax: explicitLittle,
      preamble: false,
    });
    expect(file.readUInt16LE(0)).to.equal(2);
  });
});

function parse(file: Buffer) {
  // dicom-parser takes the inflater as an option that its types do not list.
  const options: Record<string, unknown> = {
    inflater: (bytes: Uint8Array, position: number) => {
      const body = inflateRawSync(bytes.subarray(position));
      return Buffer.concat([bytes.subarray(0, position), body]);
    },
  };
  return dicomParser.parseDicom(file, options);
}

function toWords(bytes: Uint8Array, bigEndian: boolean): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.length / 2 }, (_, at) => view.getInt16(at * 2, !bigEndian));
}

function decode(
  name: EncodingName,
  at: { position: number; length: number },
  file: Uint8Array,
  storage: ReturnType<typeof storageOf>,
): Uint8Array {
  const context = new Context({
    width: 48,
    height: 48,
    bitsAllocated: storage.bitsAllocated,
    bitsStored: storage.bitsStored,
    samplesPerPixel: 1,
    pixelRepresentation: storage.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: "MONOCHROME2",
    encodedBuffer: Uint8Array.from(file.subarray(at.position, at.position + at.length)),
  });
  const decoders: Partial<Record<EncodingName, () => InstanceType<typeof Context>>> = {
    rle: () => NativeCodecs.decodeRle(context),
    "jpeg-ls": () => NativeCodecs.decodeJpegLs(context),
    "jpeg-2000": () => NativeCodecs.decodeJpeg2000(context),
    htj2k: () => NativeCodecs.decodeHtJpeg2000(context),
  };
  const decoded = (decoders[name] ?? (() => NativeCodecs.decodeJpeg(context)))().getDecodedBuffer()!;
  return Uint8Array.from(decoded);
}

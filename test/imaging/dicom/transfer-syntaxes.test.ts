import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { decodeFrames, decodeStoredValues } from "../../../imaging/dicom/decode-frames.ts";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import { allEncodings, type EncodingName, loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { collect, expectedHu, huOf, sampleFiles, scans, sharedData, side, sliceCount } from "./samples.ts";

const encodings = Object.keys(allEncodings) as EncodingName[];

describe("files of every transfer syntax that the project writes", () => {
  before(() => loadEncoders(encodings));

  for (const scan of scans) {
    for (const encoding of encodings) {
      it(`${encoding} of ${scan.acquisition.manufacturer} is read back to the HU that were drawn`, async () => {
        const files = sampleFiles(scan, encoding);
        expect(files).to.have.length(sliceCount);
        for (const [slice, bytes] of files.entries()) {
          const [hu] = await huOf(bytes);
          const worst = largestDifference(hu!, expectedHu(scan, slice, encoding));
          // Eight bits hold HU in steps of 16, and baseline is lossy.
          expect(worst).to.be.at.most(encoding === "jpeg-baseline" ? 12 * 16 : 0);
        }
      });
    }
  }

  for (const encoding of ["explicit-little", "deflated", "rle", "jpeg-ls", "htj2k"] as const) {
    it(`an enhanced file of ${encoding} gives its frames one by one, each with its own place`, async () => {
      const [scan] = scans;
      const files = sampleFiles(scan!, encoding, "multi-frame");
      expect(files).to.have.length(1);
      const file = readInstance(files[0]!);
      const frames = await collect(decodeFrames(file));
      expect(frames).to.have.length(sliceCount);
      for (const [slice, hu] of frames.entries()) {
        expect(largestDifference(hu, expectedHu(scan!, slice, encoding))).to.equal(0);
        const z = scan!.geometry.originMm[2] + slice * scan!.geometry.spacingMm[0];
        expect(file.instance.frames[slice]!.positionMm![2]).to.be.closeTo(z, 1e-5);
      }
    });
  }

  it("writes HU into the memory that is given, and refuses memory of another size", async () => {
    const [bytes] = sampleFiles(scans[0]!, "explicit-little");
    const into = new Int16Array(side * side);
    const [hu] = await huOf(bytes!, into);
    expect(hu!.buffer).to.equal(into.buffer);
    expect(into).to.deep.equal(expectedHu(scans[0]!, 0, "explicit-little"));
    const refused = await huOf(bytes!, new Int16Array(7)).catch((error: unknown) => error);
    expect(refused).to.have.property("code", "DICOM_MEMORY");
  });
});

interface Expected {
  readonly file: string;
  readonly transferSyntax: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly rescaleSlope: number | null;
  readonly rescaleIntercept: number | null;
  readonly storedMin?: number;
  readonly storedMax?: number;
  readonly storedMean?: number;
  readonly sha256OfStoredInt32LE?: string;
  readonly lossyTolerance?: number;
}

describe("real CT files of every transfer syntax", () => {
  const folder = sharedData("dicom-ct-transfer-syntaxes");
  const listed = folder ? (JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected[]) : [];

  it("are there to be read", function () {
    if (!folder) this.skip();
    expect(listed.length).to.be.at.least(40);
  });

  for (const expected of listed) {
    it(`${expected.file} has the stored pixels that pydicom finds`, async () => {
      const file = readInstance(readFileSync(join(folder!, expected.file)));
      const { instance } = file;
      expect([instance.rows, instance.columns, instance.frames.length]).to.deep.equal([
        expected.rows,
        expected.columns,
        expected.frames,
      ]);
      if (expected.rescaleSlope !== null) {
        expect(instance.frames[0]!.rescaleSlope).to.be.closeTo(expected.rescaleSlope, 1e-9);
        expect(instance.frames[0]!.rescaleIntercept).to.equal(expected.rescaleIntercept);
      }
      const hash = createHash("sha256");
      const all = { lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY, sum: 0, count: 0 };
      for await (const stored of decodeStoredValues(file)) {
        hash.update(stored);
        for (const value of stored) {
          all.lowest = Math.min(all.lowest, value);
          all.highest = Math.max(all.highest, value);
          all.sum += value;
        }
        all.count += stored.length;
      }
      const equal = hash.digest("hex") === expected.sha256OfStoredInt32LE;
      if (equal) return;
      // Of lossy files only bounds and mean are known; the retired processes .53 and .55 have no reference at all,
      // but show the slice of .51.
      const tolerance = expected.lossyTolerance ?? 1;
      expect(tolerance, "lossless pixels differ").to.be.above(0);
      const reference =
        expected.storedMean === undefined
          ? listed.find(({ transferSyntax }) => transferSyntax === "1.2.840.10008.1.2.4.51")!
          : expected;
      expect(all.lowest).to.be.closeTo(reference.storedMin!, tolerance);
      expect(all.highest).to.be.closeTo(reference.storedMax!, tolerance);
      expect(all.sum / all.count).to.be.closeTo(reference.storedMean!, 0.05);
    });
  }

  it("lossy 12-bit files show the same HU as the slice that they were made from, within their steps", async function () {
    if (!folder) this.skip();
    const named = (part: string) => join(folder, listed.find(({ file }) => file.includes(part))!.file);
    const [original] = await huOf(readFileSync(named("LittleEndianExplicit")));
    for (const part of ["JPEGProcess2_4", "JPEGProcess6_8", "JPEGProcess10_12"]) {
      const [hu] = await huOf(readFileSync(named(part)));
      const sum = hu!.reduce((total, value, at) => total + Math.abs(value - original![at]!), 0);
      expect(sum / hu!.length, part).to.be.below(8);
    }
  });
});

function largestDifference(a: Int16Array, b: Int16Array): number {
  expect(a).to.have.length(b.length);
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}

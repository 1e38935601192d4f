import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { decodeFrames } from "../../../imaging/dicom/decode-frames.ts";
import { dicomLimits } from "../../../imaging/dicom/limits.ts";
import { readFileHeader, withDicomFile } from "../../../imaging/dicom/open-file.ts";
import { readInstance, readInstanceHeader } from "../../../imaging/dicom/read-instance.ts";
import { allEncodings, type EncodingName, loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { collect, huOf, sampleFiles, scans, withComment } from "./samples.ts";

const encodings = Object.keys(allEncodings) as EncodingName[];

describe("a DICOM file on disk", () => {
  let dir: string;
  let path: string;
  before(async () => {
    await loadEncoders(encodings);
    dir = await mkdtemp(join(tmpdir(), "consilium-open-file-"));
    path = join(dir, "file");
  });
  after(() => rm(dir, { recursive: true, force: true }));

  /** Header and HU as a file on disk gives them. */
  async function readFile(bytes: Uint8Array) {
    await writeFile(path, bytes);
    const header = readFileHeader(path, dicomLimits);
    let hu: Int16Array[] = [];
    await withDicomFile(path, dicomLimits, async (file) => {
      hu = await collect(decodeFrames(file));
    });
    return { header, hu };
  }

  for (const encoding of encodings) {
    it(`is read as its bytes are, with one frame or more, in ${encoding}`, async () => {
      for (const nuisance of ["none", "multi-frame"] as const) {
        for (const bytes of sampleFiles(scans[0]!, encoding, nuisance).slice(0, 2)) {
          const { header, hu } = await readFile(bytes);
          expect(header).to.deep.equal(readInstanceHeader(bytes));
          expect(hu).to.deep.equal(await huOf(bytes));
        }
      }
    });
  }

  it("is read further if its header is longer than the first beginning, plain or compressed", async () => {
    for (const encoding of ["explicit-little", "jpeg-ls"] as const) {
      const bytes = sampleFiles(scans[0]!, encoding)[1]!;
      for (const length of [20_000, 300_000, 9_000_000]) {
        const long = withComment(bytes, length);
        expect((await readFile(long)).hu).to.deep.equal(await huOf(bytes));
      }
    }
  });

  it("is read further if its beginning ends with an element", async () => {
    const bytes = sampleFiles(scans[0]!, "explicit-little")[1]!;
    const pixelsAt = bytes.lastIndexOf(Buffer.from("e07f1000", "hex"));
    const added = withComment(bytes, 100).length - bytes.length - 100;
    for (const look of [2 ** 14, 2 ** 18]) {
      const long = withComment(bytes, look - pixelsAt - added);
      expect(long.lastIndexOf(Buffer.from("e07f1000", "hex"))).to.equal(look);
      const { header, hu } = await readFile(long);
      expect(header.hasPixels).to.equal(true);
      expect(hu).to.deep.equal(await huOf(bytes));
    }
  });

  it("is refused if it is shorter than its pixels, or is shortened while it is read", async () => {
    const bytes = sampleFiles(scans[0]!, "explicit-little")[1]!;
    const failure = await readFile(bytes.subarray(0, bytes.length - 2)).catch((error: unknown) => error);
    expect(failure).to.include({ code: "DICOM_TRUNCATED" });
    expect((failure as { facts: object }).facts).to.deep.equal({ size: bytes.length - 2, needed: bytes.length });
    await writeFile(path, bytes);
    const shrinking = withDicomFile(path, dicomLimits, async (file) => {
      await truncate(path, bytes.length - 2);
      await collect(decodeFrames(file));
    });
    expect(await shrinking.catch((error: unknown) => error)).to.include({ code: "DICOM_TRUNCATED" });
  });

  it("holds no plain pixels in memory, not even of half a gigabyte", async () => {
    const bytes = sampleFiles(scans[0]!, "explicit-little", "multi-frame")[0]!;
    const before = process.memoryUsage().arrayBuffers;
    await writeFile(path, bytes);
    await truncate(path, 2 ** 29);
    await withDicomFile(path, dicomLimits, async ({ pixels }) => {
      expect(pixels.frames).to.have.length(readInstance(bytes).pixels.frames.length);
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(2 ** 20);
    });
  });
});

import { mkdir, mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { expect } from "chai";
import fc from "fast-check";
import { PNG } from "pngjs";
import { isFedError } from "../../../foundation/errors.ts";
import { openArchive, readBytes } from "../../../imaging/source/listing.ts";
import { decodePicture } from "../../../imaging/source/picture.ts";
import { codeOf } from "./synthetic.ts";

/** Bytes with some of them changed, some cut off. */
const mutated = (bytes: Uint8Array) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 12 }),
      fc.option(fc.nat(bytes.length), { nil: bytes.length, freq: 4 }),
    )
    .map(([changes, length]) => {
      const copy = Uint8Array.from(bytes);
      for (const [at, value] of changes) copy[at] = value;
      return copy.subarray(0, length);
    });

describe("archives that mean harm", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-hostile-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function zipOf(files: Readonly<Record<string, Uint8Array>>, password?: string): Promise<Uint8Array> {
    const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, ...(password && { password }) });
    for (const [name, bytes] of Object.entries(files)) await zip.add(name, new Uint8ArrayReader(bytes));
    return zip.close();
  }

  it("refuses a file in a zip that claims to be huge, and one that unpacks to more than it claims", async () => {
    const honest = Buffer.from(await zipOf({ "a.dcm": new Uint8Array(102_400) }));
    const outcomes: string[] = [];
    for (const claimed of [102_400, 2 ** 32 - 256, 10]) {
      const lying = Buffer.from(honest);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(102_400);
      for (let at = lying.indexOf(size); at >= 0; at = lying.indexOf(size, at + 4)) lying.writeUInt32LE(claimed, at);
      await writeFile(join(root, "lying.zip"), lying);
      const archive = await openArchive(join(root, "lying.zip"), {});
      outcomes.push(await codeOf(readBytes(archive.files.at(0))));
      await archive.close();
    }
    expect(outcomes).to.deep.equal(["none", "ZIP_FILE_TOO_LARGE", "ZIP_MALFORMED"]);
  });

  it("refuses a file in a zip that claims to be packed in more bytes than any may have, before it makes room for them", async () => {
    const lying = Buffer.from(await zipOf({ "a.dcm": new Uint8Array(102_400) }));
    lying.writeUInt32LE(2 ** 32 - 256, lying.indexOf("PK\x01\x02") + 20);
    await writeFile(join(root, "packed.zip"), lying);
    const archive = await openArchive(join(root, "packed.zip"), {});
    expect(await codeOf(readBytes(archive.files.at(0)))).to.equal("ZIP_FILE_TOO_LARGE");
    await archive.close();
  });

  it("refuses a zip that claims a directory of gigabytes, before it makes room for it", async () => {
    const lying = Buffer.from(await zipOf({ "a.dcm": new Uint8Array(100) }));
    lying.writeUInt32LE(3 * 2 ** 30, lying.indexOf("PK\x05\x06") + 12);
    const path = join(root, "directory.zip");
    // Sparse, so that there are as many bytes as it claims.
    await writeFile(path, "");
    await truncate(path, 4 * 2 ** 30);
    const file = await open(path, "r+");
    await file.write(lying, 0, lying.length, 4 * 2 ** 30);
    await file.close();
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(openArchive(path, {}))).to.equal("ZIP_MALFORMED");
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(2 ** 27);
  });

  it("refuses a zip whose names lead out of it", async () => {
    const path = join(root, "slip.zip");
    await writeFile(path, await zipOf({ "../../positive/p1/a.dcm": new Uint8Array(10) }));
    expect(await codeOf(openArchive(path, {}))).to.equal("ZIP_MALFORMED");
  });

  it("answers any damage to a zip with a named error or with bytes that were checked", async () => {
    const bytes = await zipOf({
      "a.dcm": new Uint8Array(900).fill(7),
      "b/c.dcm": new Uint8Array(500).map((_, at) => at),
    });
    await fc.assert(
      fc.asyncProperty(mutated(bytes), async (broken) => {
        const path = join(root, "broken.zip");
        await writeFile(path, broken);
        try {
          const archive = await openArchive(path, {});
          try {
            for (const file of archive.files) await readBytes(file);
          } finally {
            await archive.close();
          }
        } catch (error) {
          expect(isFedError(error), String(error)).to.equal(true);
        }
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  it("answers any damage to a picture with a named error or a picture of limited size", async () => {
    const png = new PNG({ width: 24, height: 24 });
    png.data.fill(128);
    await fc.assert(
      fc.asyncProperty(mutated(PNG.sync.write(png)), async (broken) => {
        try {
          const { rows, columns, grey } = await decodePicture(broken);
          expect(grey.length).to.equal(rows * columns);
          expect(Math.max(rows, columns)).to.be.at.most(4096);
        } catch (error) {
          expect(isFedError(error), String(error)).to.equal(true);
        }
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it("refuses a picture that claims more pixels than any slice has, before it makes room for them", async () => {
    const png = PNG.sync.write(new PNG({ width: 8, height: 8 }));
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    expect(await codeOf(decodePicture(png))).to.equal("PICTURE_TOO_LARGE");
  });

  it("takes a folder that ends in .zip for a folder, and a file that is no zip for a damaged one", async () => {
    await mkdir(join(root, "folder.zip"));
    await writeFile(join(root, "folder.zip", "a.dcm"), "x");
    const archive = await openArchive(join(root, "folder.zip"), {});
    expect(archive.files.length).to.equal(1);
    await archive.close();
    await writeFile(join(root, "no.zip"), "no zip at all");
    expect(await codeOf(openArchive(join(root, "no.zip"), {}))).to.equal("ZIP_MALFORMED");
  });
});

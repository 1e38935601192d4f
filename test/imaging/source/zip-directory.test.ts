import { createCipheriv } from "node:crypto";
import { mkdtemp, open, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  TextReader,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipWriter,
  type ZipWriterConstructorOptions,
} from "@zip.js/zip.js";
import { expect } from "chai";
import { openDecodePool } from "../../../imaging/dicom/decode-pool.ts";
import { examine } from "../../../imaging/source/examine.ts";
import { openArchive, readBytes } from "../../../imaging/source/listing.ts";
import { sampleFiles, scans, withComment } from "../dicom/samples.ts";
import { memoryInUse } from "../import/memory-in-use.ts";

const entries = 60_000;
const mostBytesOfEntry = 150;

describe("the directory of a zip", function () {
  this.timeout(60_000);
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-zip-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it(`costs less than ${mostBytesOfEntry} bytes of memory an entry, and each can be read`, async () => {
    const path = join(root, "export.zip");
    await writeFile(path, zipOf(entries));
    const before = memoryInUse();
    const archive = await openArchive(path, {});
    const bytes = (memoryInUse() - before) / entries;
    expect(archive.files.length).to.equal(entries);
    for (const place of [0, 1, 31_000, entries - 1]) {
      const file = archive.files.at(place);
      expect(file.parts).to.deep.equal([`patient${Math.floor(place / 300)}`, `IM${place % 300}.dcm`]);
      expect(Buffer.from(await readBytes(file)).toString()).to.equal(`slice ${place}`);
    }
    expect(bytes).to.be.below(mostBytesOfEntry);
    await archive.close();
  });

  const shapes: readonly { name: string; at: number; options: ZipWriterConstructorOptions; password?: string }[] = [
    { name: "behind a program that unpacks it", at: 12_345, options: {} },
    { name: "beyond 4 GiB, with 64-bit offsets", at: 5 * 2 ** 30, options: { offset: 5 * 2 ** 30, zip64: true } },
    { name: "encrypted", at: 0, options: { password: "thankyou", encryptionStrength: 3 }, password: "thankyou" },
    { name: "encrypted as of old", at: 777, options: { password: "thankyou", zipCrypto: true }, password: "thankyou" },
  ];
  for (const { name, at, options, password } of shapes) {
    it(`is read of a zip ${name}`, async () => {
      const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, ...options });
      await writer.add("empty folder/", undefined, { directory: true });
      await writer.add("b/ä 2.txt", new TextReader("second"), { comment: "of a slice", extraField: extra });
      await writer.add("b/1.txt", new TextReader("first"));
      const path = join(root, "one.zip");
      const file = await open(path, "w");
      const bytes = await writer.close(Buffer.from("a comment of the zip"));
      await file.write(bytes, 0, bytes.length, at);
      await file.close();
      expect((await stat(path)).size).to.equal(at + bytes.length);
      const archive = await openArchive(path, { password });
      const told = [...archive.files].map(({ parts }) => parts.join("/"));
      expect(told).to.deep.equal(["b/1.txt", "b/ä 2.txt"]);
      const texts = await Promise.all(
        [...archive.files].map(async (one) => Buffer.from(await readBytes(one)).toString()),
      );
      expect(texts).to.deep.equal(["first", "second"]);
      await archive.close();
    });
  }

  it("says of each file what it is, also where its beginning does not say enough", async () => {
    const slice = sampleFiles(scans[0]!, "explicit-little")[1]!;
    const pixelsAt = slice.lastIndexOf(pixelTag);
    const added = withComment(slice, 100).length - slice.length - 100;
    const files = {
      "plain.dcm": slice,
      // The beginning that is looked at ends within an element, and with one.
      "long.dcm": withComment(slice, 90_000),
      "ends with an element.dcm": withComment(slice, 2 ** 16 - pixelsAt - added),
      "noise.dat": noise(300_000),
    };
    for (const level of [0, 6]) {
      const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, level });
      for (const [name, bytes] of Object.entries(files)) {
        // Behind the pixels, so that each is long and does not shrink.
        const long = name === "noise.dat" ? bytes : Buffer.concat([bytes, noise(200_000)]);
        await writer.add(name, new Uint8ArrayReader(long));
      }
      const path = join(root, `${level}.zip`);
      await writeFile(path, await writer.close());
      const archive = await openArchive(path, {});
      const pool = openDecodePool({ workers: 1 });
      const told: Record<string, unknown> = {};
      for await (const one of examine(archive.files, pool))
        told[archive.files.at(one.file).parts[0]!] = one.kind === "dicom" ? one.instance.hasPixels : one.kind;
      await pool.close();
      await archive.close();
      const dicom = { "plain.dcm": true, "long.dcm": true, "ends with an element.dcm": true };
      expect(told).to.deep.equal({ ...dicom, "noise.dat": "refused" });
    }
  });

  it("refuses every changed entry, with a checksum or authenticated, at any level", async () => {
    for (const options of [{}, { level: 0 }, { password: "thankyou" }, { password: "thankyou", zipCrypto: true }]) {
      const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, ...options });
      await writer.add("a.txt", new Uint8ArrayReader(noise(1000)));
      const bytes = await writer.close();
      bytes[500]! ^= 1;
      const path = join(root, "changed.zip");
      await writeFile(path, bytes);
      const archive = await openArchive(path, "password" in options ? { password: options.password } : {});
      const code = await readBytes(archive.files.at(0)).catch((error: { code: string }) => error.code);
      expect(code, JSON.stringify(options)).to.equal("ZIP_MALFORMED");
      await archive.close();
    }
  });

  it("says that the zip has changed where it was replaced after it was listed", async () => {
    const path = join(root, "one.zip");
    await writeFile(path, zipOf(3));
    const archive = await openArchive(path, {});
    await writeFile(path, Buffer.alloc(4000, 1));
    const code = await readBytes(archive.files.at(1)).catch((error: { code: string }) => error.code);
    expect(code).to.equal("ZIP_MALFORMED");
    await archive.close();
  });
});

/** What does not shrink: a cipher's key stream, always the same. */
function noise(bytes: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, 1), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

const pixelTag = Buffer.from("e07f1000", "hex");
const extra = new Map([[0x7777, Uint8Array.of(1, 2, 3)]]);

/** A zip of so many stored files, put together here since a library takes a minute for it. APPNOTE.TXT 4.3 */
function zipOf(count: number): Buffer {
  const [contents, records]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const content = Buffer.from(`slice ${index}`);
    const name = Buffer.from(`patient${Math.floor(index / 300)}/IM${index % 300}.dcm`);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const record = Buffer.alloc(14);
    record.writeUInt32LE(offset, 10);
    records.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, record, name);
    contents.push(Buffer.from("PK\x03\x04"), common, name, content);
    offset += 4 + common.length + name.length + content.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...contents, directory, end]);
}

import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { type DecodePool, openDecodePool } from "../../../imaging/dicom/decode-pool.ts";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import { writePart10 } from "../../../imaging/dicom/write-part10.ts";
import { allEncodings, type EncodingName, loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { reduceFrame } from "../../../imaging/volume/reduce-frame.ts";
import { collect, expectedHu, huOf, sampleFiles, scans, side, sliceCount } from "./samples.ts";

const encodings = Object.keys(allEncodings) as EncodingName[];

describe("the decode pool", function () {
  this.timeout(60_000);
  let dir: string;
  let pool: DecodePool;
  const paths: string[] = [];
  const expected: Int16Array[] = [];

  before(async () => {
    await loadEncoders(encodings);
    dir = await mkdtemp(join(tmpdir(), "consilium-pool-"));
    for (const encoding of ["explicit-little", "rle", "jpeg-lossless-sv1", "jpeg-ls"] as const) {
      for (const [slice, bytes] of sampleFiles(scans[2]!, encoding).entries()) {
        paths.push(join(dir, `${encoding}-${slice}`));
        expected.push(expectedHu(scans[2]!, slice, encoding));
        await writeFile(paths.at(-1)!, bytes);
      }
    }
    pool = openDecodePool({ workers: 2, timeoutMs: 20_000 });
  });
  after(async () => {
    await pool.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("decodes many files at once, from disk or from bytes, with the same result as on one thread", async () => {
    const decoded = await Promise.all([...paths, ...paths].map((path) => collect(pool.decode({ path }))));
    for (const [at, frames] of decoded.entries()) {
      expect(frames).to.have.length(1);
      expect(frames[0]!.hu).to.deep.equal(expected[at % expected.length]);
      expect(frames[0]!.instance.rows).to.equal(side);
    }
    const bytes = sampleFiles(scans[0]!, "explicit-big")[1]!;
    const [frame] = await collect(pool.decode({ bytes }));
    expect(frame!.hu).to.deep.equal(expectedHu(scans[0]!, 1, "explicit-big"));
    expect(frame!.instance).to.deep.equal(JSON.parse(JSON.stringify(readInstance(bytes).instance)));
  });

  it("reads headers, of files longer than the first look too", async () => {
    expect((await pool.header({ path: paths[0]! })).modality).to.equal("CT");
    const bytes = sampleFiles(scans[0]!, "explicit-little")[0]!;
    const comment = Buffer.from("07001000554e0000", "hex"); // an element of its own before all others
    const meta = bytes.indexOf(Buffer.from([8, 0, 8, 0]));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(200_000);
    const long = Buffer.concat([bytes.subarray(0, meta), comment, length, Buffer.alloc(200_000), bytes.subarray(meta)]);
    await writeFile(join(dir, "long"), long);
    expect((await pool.header({ path: join(dir, "long") })).rows).to.equal(side);
  });

  it("writes into shared memory, from all threads", async () => {
    const area = side * side;
    const volume = new Int16Array(new SharedArrayBuffer(2 * area * paths.length));
    await Promise.all(
      paths.map((path, at) => collect(pool.decode({ path }, { into: volume.subarray(at * area, (at + 1) * area) }))),
    );
    for (const [at, hu] of expected.entries()) expect(volume.slice(at * area, (at + 1) * area)).to.deep.equal(hu);
  });

  it("reduces frames in the worker as on this thread", async () => {
    for (const [bytes, encoding] of [
      [sampleFiles(scans[0]!, "rle", "multi-frame")[0]!, "rle"],
      [sampleFiles(scans[2]!, "explicit-little")[0]!, "explicit-little"],
    ] as const) {
      const { instance } = readInstance(bytes);
      const whole = await huOf(bytes);
      const [pixel] = instance.frames[0]!.pixelSpacingMm!;
      for (const factor of [0, 1, 2, 3]) {
        const reduction = { pixelMm: (factor + 0.1) * pixel, shifts: whole.map((_, index) => index * 2 - 1) };
        const planes = await collect(pool.planes({ bytes }, reduction));
        expect(planes, encoding).to.deep.equal(whole.map((hu, index) => reduceFrame(hu, instance, index, reduction)));
        expect(planes[0]!.rows).to.equal(Math.floor(side / Math.max(1, factor)));
      }
    }
  });

  it("gives the frames of an enhanced file in order, though the reader is slow", async () => {
    const many = sampleFiles(scans[0]!, "deflated", "multi-frame")[0]!;
    let index = 0;
    for await (const frame of pool.decode({ bytes: many })) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(frame.index).to.equal(index);
      expect(frame.hu).to.deep.equal(expectedHu(scans[0]!, index++, "deflated"));
    }
    expect(index).to.equal(sliceCount);
  });

  it("continues with the next file when a reader leaves or its signal aborts", async () => {
    const frames = 40;
    const pixels = new Uint8Array(frames * 32);
    const long = writePart10(
      new Map([
        ["00280008", { vr: "IS", value: String(frames) }],
        ...(["00280010", "00280011"].map((tag) => [tag, { vr: "US", value: [4] }]) as []),
        ["00280100", { vr: "US", value: [16] }],
        ["7FE00010", { vr: "OW", value: pixels }],
      ]),
    );
    const alone = openDecodePool({ workers: 1, timeoutMs: 20_000 });
    try {
      for await (const { index } of alone.decode({ bytes: long })) if (index === 2) break;
      const controller = new AbortController();
      const aborted = (async () => {
        for await (const { index } of alone.decode({ bytes: long }, { signal: controller.signal }))
          if (index === 1) controller.abort();
      })().catch((error: unknown) => error);
      expect(await aborted).to.have.property("name", "AbortError");
      const [next] = await collect(alone.decode({ path: paths[0]! }));
      expect(next!.hu).to.deep.equal(expected[0]);
      expect(await collect(alone.decode({ bytes: long }))).to.have.length(frames);
    } finally {
      await alone.close();
    }
  });

  it("passes on a refusal's code, facts and remedy, and only the reason for a file that cannot be opened", async () => {
    const foreign = await failureOf(pool, { bytes: Buffer.from("no DICOM at all, SURNAME^GIVEN") });
    expect([foreign.code, foreign.facts["size"], typeof foreign.remedy]).to.deep.equal(["DICOM_FOREIGN", 30, "string"]);
    const missing = await failureOf(pool, { path: join(dir, "SURNAME^GIVEN.dcm") });
    expect([missing.code, missing.facts["reason"]]).to.deep.equal(["DICOM_UNREADABLE", "ENOENT"]);
    expect(missing.message + String(missing.cause)).not.to.include("SURNAME");
  });

  it("refuses a pipe without a writer and a folder, without waiting", async () => {
    const pipe = join(dir, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of [pipe, dir]) {
      const { code, facts } = await failureOf(pool, { path });
      expect([code, facts["reason"]]).to.deep.equal(["DICOM_UNREADABLE", "not a file"]);
    }
  });

  it("loses only the file that hangs its worker, and decodes those behind it", async () => {
    const entry = new URL("./hanging-worker.ts", import.meta.url);
    const hasty = openDecodePool({ workers: 1, timeoutMs: 2500, entry });
    try {
      await collect(hasty.decode({ path: paths[0]! }));
      const hung = failureOf(hasty, { path: "hang" });
      const behind = paths.map((path) => collect(hasty.decode({ path })));
      const { code, remedy } = await hung;
      expect([code, typeof remedy]).to.deep.equal(["DICOM_TIMEOUT", "string"]);
      for (const [at, frames] of (await Promise.all(behind)).entries())
        expect(frames[0]!.hu).to.deep.equal(expected[at]);
    } finally {
      await hasty.close();
    }
  });

  it("decodes what waits behind a file that hangs before that one's time is over, from afar too", async () => {
    const entry = new URL("./hanging-worker.ts", import.meta.url);
    for (const isRemote of [false, true]) {
      const patient = openDecodePool({ workers: 2, timeoutMs: 1e6, entry, isRemote });
      const hung = failureOf(patient, { path: "hang" });
      const behind = await Promise.all(paths.map((path) => collect(patient.decode({ path }))));
      for (const [at, frames] of behind.entries()) expect(frames[0]!.hu).to.deep.equal(expected[at]);
      await patient.close();
      expect((await hung).code).to.equal("DICOM_POOL_CLOSED");
    }
  });

  it("loses only the file that uses up its worker's memory", async () => {
    const element = Buffer.from([0x09, 0x00, 0x00, 0x00, 0x4c, 0x4f, 0, 0]);
    const header = writePart10(new Map());
    const many = Buffer.alloc(8 * 1_900_000);
    for (let at = 0; at < 1_900_000; at++) {
      element.writeUInt16LE(9 + 2 * (at >> 16), 0);
      element.writeUInt16LE(at & 0xffff, 2);
      element.copy(many, at * 8);
    }
    const small = openDecodePool({ workers: 1, maxHeapMib: 48, timeoutMs: 30_000 });
    try {
      const died = failureOf(small, { bytes: Buffer.concat([header, many]) });
      const behind = collect(small.decode({ path: paths[0]! }));
      const { code, facts } = await died;
      expect([code, facts["reason"]]).to.deep.equal(["DICOM_WORKER_DIED", "ERR_WORKER_OUT_OF_MEMORY"]);
      expect((await behind)[0]!.hu).to.deep.equal(expected[0]);
    } finally {
      await small.close();
    }
  });

  it("closes at once, also twice, and fails later requests", async () => {
    const closing = openDecodePool({ workers: 1 });
    const pending = paths.map((path) => failureOf(closing, { path }).catch(() => undefined));
    await closing.close();
    await closing.close();
    await Promise.all(pending);
    expect((await failureOf(closing, { path: paths[0]! })).code).to.equal("DICOM_POOL_CLOSED");
  });
});

async function failureOf(pool: DecodePool, source: { path: string } | { bytes: Uint8Array }) {
  const outcome = await collect(pool.decode(source)).catch((error: unknown) => error);
  if (!isFedError(outcome)) throw new Error("the file was not refused", { cause: outcome });
  return outcome;
}

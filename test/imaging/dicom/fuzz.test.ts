import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { decodeFrames } from "../../../imaging/dicom/decode-frames.ts";
import { readInstance, readInstanceHeader } from "../../../imaging/dicom/read-instance.ts";
import { ENCODINGS, type EncodingName, loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { isFedError } from "../../../protocol/errors.ts";
import { sampleFiles, scans, sharedData } from "./samples.ts";

/** What may happen to a file on its way: bits turned, an end lost, lengths rewritten, bytes put in or taken out. */
type Mutation =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "length"; readonly at: number; readonly value: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "remove"; readonly at: number; readonly count: number };

// Where it happens, as a share of the file: headers are short and the likelier place.
const place = fc.oneof(fc.double({ min: 0, max: 0.15, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
const element = fc
  .tuple(
    fc.constantFrom(0x08, 0x10, 0x28, 0x7fe0, 0xfffe),
    fc.nat(0xffff),
    fc.constantFrom("SQ", "UN", "OB", "LO", "US"),
  )
  .map(([group, number, vr]) =>
    Uint8Array.from([group & 255, group >> 8, number & 255, number >> 8, ...Buffer.from(vr), 4, 0]),
  );
const mutations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("flip" as const), at: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant("cut" as const), at: place }),
    fc.record({
      kind: fc.constant("length" as const),
      at: place,
      value: fc.constantFrom(0, 1, 0xffff, 0x7fffffff, 0xfffffffe, 0xffffffff),
    }),
    fc.record({
      kind: fc.constant("insert" as const),
      at: place,
      bytes: fc.oneof(fc.uint8Array({ maxLength: 40 }), element),
    }),
    fc.record({ kind: fc.constant("remove" as const), at: place, count: fc.nat(64) }),
  ) as fc.Arbitrary<Mutation>,
  { minLength: 1, maxLength: 4 },
);

const encodings = Object.keys(ENCODINGS) as EncodingName[];

describe("DICOM files with random damage", function () {
  this.timeout(120_000);
  before(() => loadEncoders(encodings));

  it("give pixels or a FedError that tells no identifier, for every encoding that the project writes", async () => {
    const files = encodings.flatMap((encoding) => [
      sampleFiles(scans[0]!, encoding)[1]!,
      sampleFiles(scans[2]!, encoding, "multi-frame")[0]!,
    ]);
    await fuzz(files, ["SYNTHETIC", "PHANTOM", "patient1"], { seed: 4, numRuns: 500 });
  });

  it("give pixels or a FedError that tells no identifier, for real files", async function () {
    const folder = sharedData("dicom-ct-transfer-syntaxes");
    if (!folder) this.skip();
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".dcm"));
    const files = names.sort().map((name) => readFileSync(join(folder, name)));
    const identifiers = new Set(
      files.flatMap((bytes) => {
        const { patientId, studyUid, seriesUid, instanceUid } = readInstanceHeader(bytes);
        return [patientId, studyUid, seriesUid, instanceUid].filter((text) => text.length > 3);
      }),
    );
    expect(identifiers.size).to.be.above(10);
    await fuzz(files, [...identifiers, "MISTER"], { seed: 5, numRuns: 150 });
  });
});

async function fuzz(
  files: readonly Buffer[],
  identifiers: readonly string[],
  parameters: { seed: number; numRuns: number },
): Promise<void> {
  const outcomes = { read: 0, refused: 0 };
  const cases = fc.record({ file: fc.nat(files.length - 1), damage: mutations });
  await fc.assert(
    fc.asyncProperty(cases, async ({ file, damage }) => {
      const bytes = damage.reduce(apply, Buffer.from(files[file]!));
      for (const attempt of [() => readInstanceHeader(bytes), () => decodeAll(bytes)]) {
        const started = performance.now();
        try {
          await attempt();
          outcomes.read++;
        } catch (error) {
          if (!isFedError(error)) throw error;
          const told = [error.message, error.remedy, error.stack, JSON.stringify(error.facts), String(error.cause)];
          for (const identifier of identifiers) expect(told.join(" ")).not.to.include(identifier);
          outcomes.refused++;
        }
        expect(performance.now() - started).to.be.below(20_000);
      }
    }),
    parameters,
  );
  // Damage that is never met, or that nothing survives, would test nothing.
  expect(Math.min(outcomes.read, outcomes.refused)).to.be.above(parameters.numRuns / 10);
}

async function decodeAll(bytes: Buffer): Promise<void> {
  const file = readInstance(bytes);
  for await (const hu of decodeFrames(file)) {
    expect(hu).to.have.length(file.instance.rows * file.instance.columns);
    expect(Math.min(...hu.subarray(0, 1000))).to.be.at.least(-1024);
    expect(Math.max(...hu.subarray(0, 1000))).to.be.at.most(3071);
  }
}

function apply(bytes: Buffer, mutation: Mutation): Buffer {
  const at = Math.min(bytes.length - 1, Math.floor(mutation.at * bytes.length));
  if (bytes.length < 8) return bytes;
  switch (mutation.kind) {
    case "flip":
      bytes[at]! ^= 1 << mutation.bit;
      return bytes;
    case "cut":
      return bytes.subarray(0, at);
    case "length":
      bytes.writeUInt32LE(mutation.value, Math.min(at & ~1, bytes.length - 4));
      return bytes;
    case "insert":
      return Buffer.concat([bytes.subarray(0, at & ~1), mutation.bytes, bytes.subarray(at & ~1)]);
    case "remove":
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + mutation.count)]);
  }
}

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import fc from "fast-check";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import type { Decoder } from "./decoder.ts";
import { decoders, exceptions } from "./decoders.ts";
import { hostileValues, jsonMutations, mutations, valueCount, withValue } from "./mutations.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Generous, since tests share the machine: decoding takes milliseconds. */
const slowestMs = 5000;
const canonical = {
  decodeManifest: "MANIFEST",
  decodePrivateManifest: "MANIFEST",
  decodePrekeyStatement: "PREKEY",
  decodePlan: "PLAN",
  decodeValidationScores: "SCORES",
  decodeRefusal: "REFUSAL",
  decodeAnnouncement: "ANNOUNCEMENT",
  decodeSignedWrite: "SIGNED_WRITE",
  decodeDeal: "DEAL",
  decodeSumOpening: "OPENING",
  decodeSumKey: "SUM_KEY",
  decodeComplaint: "COMPLAINT",
  decodeAnswer: "ANSWER",
} as const;

/** What a decoder makes of bytes: its error, or undefined where it gives a value. */
async function outcome(decoder: Decoder, bytes: Uint8Array, dir: string): Promise<unknown> {
  const started = performance.now();
  let error: unknown;
  try {
    await decoder.decode(bytes, dir);
  } catch (thrown) {
    error = thrown ?? new Error("threw nothing");
  }
  const tookMs = performance.now() - started;
  if (tookMs > slowestMs) return new Error(`took ${Math.round(tookMs)} ms`);
  return error;
}

function expectFedError(error: unknown, bytes: Uint8Array): void {
  if (error === undefined || isFedError(error)) return;
  throw new Error(`not a FedError for ${JSON.stringify(Buffer.from(bytes).toString("latin1").slice(0, 400))}`, {
    cause: error,
  });
}

describe("decoders of foreign bytes", function () {
  this.timeout(300_000);
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-decoders-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  for (const decoder of decoders) {
    const name = decoder.functions.join(", ");

    it(`${name}: a value or a FedError for any bytes`, async () => {
      const samples = await decoder.samples(dir);
      for (const sample of samples) expect(await outcome(decoder, sample, dir), name).to.equal(undefined);
      const mutated = decoder.mutated?.() ?? samples;
      const cases = fc.record({
        sample: fc.nat(mutated.length - 1),
        mutation: decoder.form === "json" ? jsonMutations : mutations,
        again: fc.option(mutations, { freq: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(cases, async ({ sample, mutation, again }) => {
          const once = mutation(mutated[sample]!);
          const bytes = again ? again(once) : once;
          expectFedError(await outcome(decoder, bytes, dir), bytes);
        }),
        { seed: 15, numRuns: decoder.numRuns ?? 300 },
      );
    });

    if (decoder.form !== "json") continue;
    it(`${name}: every value replaced by every hostile one`, async () => {
      for (const sample of decoder.mutated?.() ?? (await decoder.samples(dir))) {
        const text = Buffer.from(sample).toString("latin1");
        for (let place = 0; place < Math.min(valueCount(text), 60); place++) {
          for (const value of hostileValues) {
            const bytes = Buffer.from(withValue(text, place, value), "latin1");
            expectFedError(await outcome(decoder, bytes, dir), bytes);
          }
        }
      }
    });
  }

  for (const decoder of decoders) {
    const name = decoder.functions.find((each) => each in canonical);
    if (!name) continue;
    const what = canonical[name as keyof typeof canonical];
    it(`${name}: refuses what canonical JSON cannot hold by the object's own code`, async () => {
      const [sample] = await decoder.samples(dir);
      const text = new TextDecoder().decode(sample);
      const codes = new Set<string>();
      for (let place = 0; place < valueCount(text); place++) {
        for (const value of [
          "1e400",
          "-1e400",
          "-0",
          '"\\ud800"',
          '{"toJSON":1}',
          `${"[".repeat(900)}${"]".repeat(900)}`,
        ]) {
          const error = await outcome(decoder, Buffer.from(withValue(text, place, value)), dir);
          expect(error, `${value} at ${place}`).to.be.instanceOf(FedError);
          codes.add((error as FedError).code);
        }
      }
      const twice = text.replace("{", `{"version":1,`);
      const error = await outcome(decoder, Buffer.from(twice), dir);
      expect(error).to.include({ code: `${what}_NOT_CANONICAL` });
      for (const code of codes) expect(code).to.match(new RegExp(`^${what}_(MALFORMED|NOT_CANONICAL|TOO_LARGE)$`));
    });
  }

  it("canonical JSON: refuses by one code what it cannot hold", () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, "\ud800", { a: ["\udfff"] }, cyclic, 1n]) {
      expect(() => canonicalBytes(value))
        .to.throw(FedError)
        .with.property("code", "JSON_NOT_CANONICAL");
    }
  });

  it("are all on the list, or among the exceptions", () => {
    const rooms = ["protocol", "imaging", "model", "io", "party", "node", "aggregator", "auditor", "study", "scripts"];
    const exported = rooms.flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .flatMap((name) => [
          ...readFileSync(join(root, room, name), "utf8").matchAll(
            /^export (?:async )?(?:function\*?|const) ((?:decode|parse)[A-Z]?\w*|readNotes|readQuarantine)/gm,
          ),
        ])
        .map(([, name]) => name!),
    );
    const listed = new Set(decoders.flatMap(({ functions }) => functions));
    const excused = Object.keys(exceptions);
    expect(exported).to.include("decodeManifest");
    expect(exported.filter((name) => !listed.has(name) && !excused.includes(name))).to.deep.equal([]);
    expect(excused.filter((name) => !exported.includes(name))).to.deep.equal([]);
  });
});

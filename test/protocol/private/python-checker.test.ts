// Another implementation, in Python, written from docs/protocol.md alone: it must come to the same bytes.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { auditBuckets, auditSum } from "../../../protocol/private/audit-sum.ts";
import { drawBuckets } from "../../../protocol/private/buckets.ts";
import { type RingName, rings } from "../../../protocol/private/ring.ts";
import { openingThreshold } from "../../../protocol/private/threshold.ts";
import type { Unmasked } from "../../../protocol/private/unmask.ts";
import { aggregateBuckets } from "../../../protocol/strategy/aggregate-buckets.ts";
import { aggregateSum } from "../../../protocol/strategy/aggregate-sum.ts";
import { memorySink, memorySource } from "../../../protocol/update/byte-source.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import {
  context,
  type DealtRound,
  dealtRound,
  hospitalAt,
  inputOf,
  sealedBuckets,
  sealedRound,
} from "./private-round.ts";

const script = fileURLToPath(new URL("../../python/audit_private_round.py", import.meta.url));
const python = process.env["CONSILIUM_PYTHON"] ?? "python3";

const run = (args: readonly string[]) => promisify(execFile)(python, [...args]);

describe("checker of private rounds in Python", function () {
  this.timeout(120_000);
  before(async function () {
    // It is no part of the project: pip install numpy.
    const missing = await run(["-c", "import numpy"]).then(
      () => false,
      () => true,
    );
    if (missing) this.skip();
  });

  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "consilium-private-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** What the program says of a round that is written to its folder. */
  async function checked(
    base: Uint8Array,
    { hospitals }: DealtRound,
    {
      included,
      key,
      about,
    }: { readonly included: readonly number[]; readonly key: Uint8Array; readonly about: object },
  ) {
    await writeFile(
      join(folder, "round.json"),
      JSON.stringify({ ...context, ...about, included: included.map(hospitalAt) }),
    );
    await writeFile(join(folder, "key.json"), key);
    await writeFile(join(folder, "base.safetensors"), base);
    for (const [place, index] of included.entries()) {
      await writeFile(join(folder, `deal-${place}.json`), hospitals[index]!.deal);
      await writeFile(join(folder, `masked-${place}.safetensors`), hospitals[index]!.masked);
    }
    const { stdout } = await run([script, folder]);
    return JSON.parse(stdout);
  }

  const lengths = [1500, 800, 1];
  const weights = lengths.map((length, index) => [`part/${index}`, [...inputOf("base", length, 999)]] as const);
  const base = modelOf(Object.fromEntries(weights), [-9, -12, -3]);
  const coordinates = 2301;
  const found = ({ sum, largestError }: Unmasked, isSound = true) => ({
    sum: createHash("sha256").update(new Uint8Array(sum.buffer)).digest("hex"),
    largestError,
    isSound,
  });

  for (const [name, bound] of [
    ["L16", 5000],
    ["L24", 1_000_000],
  ] as const satisfies readonly (readonly [RingName, number])[]) {
    it(`comes to the same sum and model, to the bit: ${name}`, async () => {
      const dealt = await dealtRound({ count: 4, ring: rings[name], bound, coordinates, name: "python" });
      const included = [0, 1, 3];
      const round = await sealedRound(dealt, included, [0, 1, 2]);
      const unmasked = await auditSum(round);
      const weighing = { unitWeight: 64, largest: bound };
      const plan = planOf("fedavg", { update: { clipNorm: 2 ** 20 } });
      const sink = memorySink();
      const sum = { ...weighing, integers: unmasked.sum, totalWeight: 150, updates: 3, noiseStdDev: 0 };
      await aggregateSum({ plan, base: memorySource(base), sum, memberCount: 4 }, sink);

      const about = {
        ring: name,
        coordinates,
        holders: 4,
        clipNorm: 2 ** 20,
        sampleCounts: [50, 36, 200],
        ...weighing,
      };
      expect(await checked(base, dealt, { included, key: round.key, about })).to.deep.equal({
        sums: [found(unmasked)],
        model: blobDigest(sink.bytes()),
      });
    });
  }

  for (const [rule, strategy] of [
    ["median", {}],
    ["trimmed-mean", { byzantine: 1 }],
  ] as const) {
    it(`comes to the same buckets, sums and model where one is away and one masks garbage: ${rule}`, async () => {
      const [count, buckets, bound] = [12, 3, 2000];
      const drawn = drawBuckets(context, blobDigest(base), { hospitals: count, buckets });
      const garbler = drawn[1]![2]!;
      const inputs = Array.from({ length: count }, (_, index) => inputOf(`bucket ${index}`, coordinates, bound));
      const dealt = await dealtRound({ count, coordinates, name: "buckets", inputs });
      const { hospitals } = dealt;
      const garbled = Buffer.from(hospitals[garbler]!.masked);
      for (let at = garbled.length - 4096; at < garbled.length; at += 2) garbled[at] = 7 * at;
      const away = drawn[0]![0]!;
      const there = drawn.flat().filter((place) => place !== away);
      const included = there.sort((a, b) => a - b);
      const attacked = { ...dealt, hospitals: hospitals.with(garbler, { ...hospitals[garbler]!, masked: garbled }) };
      const openers = included.slice(0, openingThreshold(count));
      const opened = drawn.map((places) => places.filter((place) => place !== away));
      const round = await sealedBuckets(attacked, opened, openers);
      const audited = await auditBuckets(round);

      const weighing = { unitWeight: 64, largest: bound };
      const sampleCounts = included.map((place) => 20 + 9 * place);
      const weightOf = (place: number) => Math.min(64, sampleCounts[included.indexOf(place)]!);
      const plan = planOf(rule, { update: { clipNorm: 2 ** 20 }, strategy });
      const sums = opened.flatMap((places, place) => {
        const each = audited[place]!;
        if (isFedError(each)) return [];
        const totalWeight = places.reduce((sum, index) => sum + weightOf(index), 0);
        return [{ ...weighing, integers: each.sum, totalWeight, updates: places.length, noiseStdDev: 0 }];
      });
      const sink = memorySink();
      await aggregateBuckets({ plan, base: memorySource(base), sums, buckets }, sink);

      const members = Array.from({ length: count }, (_, index) => hospitalAt(index));
      const about = {
        ...{ ring: "L16", coordinates, holders: count, clipNorm: 2 ** 20, members, buckets, rule, ...strategy },
        ...{ sampleCounts, ...weighing },
      };
      const said = await checked(base, attacked, { included, key: round.key, about });
      expect(said.sums.map(({ isSound }: { isSound: boolean }) => isSound)).to.deep.equal([true, false, true]);
      const sound = audited.flatMap((each) => (isFedError(each) ? [] : [found(each)]));
      expect(said.sums.filter(({ isSound }: { isSound: boolean }) => isSound)).to.deep.equal(sound);
      expect(said.model).to.equal(blobDigest(sink.bytes()));
    });
  }
});

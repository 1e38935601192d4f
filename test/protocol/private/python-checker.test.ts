// Another implementation, in Python, written from docs/protocol.md alone: it must come to the same bytes.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { auditSum } from "../../../protocol/private/audit-sum.ts";
import { type RingName, rings } from "../../../protocol/private/ring.ts";
import { aggregateSum } from "../../../protocol/strategy/aggregate-sum.ts";
import { memorySink, memorySource } from "../../../protocol/update/byte-source.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { context, dealtRound, hospitalAt, inputOf, sealedRound } from "./private-round.ts";

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

  for (const [name, bound] of [
    ["L16", 5000],
    ["L24", 1_000_000],
  ] as const satisfies readonly (readonly [RingName, number])[]) {
    it(`comes to the same sum and model, to the bit: ${name}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "consilium-private-"));
      try {
        const lengths = [1500, 800, 1];
        const weights = lengths.map((length, index) => [`part/${index}`, [...inputOf("base", length, 999)]] as const);
        const base = modelOf(Object.fromEntries(weights), [-9, -12, -3]);
        const dealt = await dealtRound({ count: 4, ring: rings[name], bound, coordinates: 2301, name: "python" });
        const included = [0, 1, 3];
        const round = await sealedRound(dealt, included, [0, 1, 2]);
        const { sum, largestError } = await auditSum(round);
        const weighing = { unitWeight: 64, totalWeight: 150, updates: 3, largest: bound, noiseStdDev: 0 };
        const plan = planOf("fedavg", { update: { clipNorm: 2 ** 20 } });
        const sink = memorySink();
        const input = { plan, base: memorySource(base), sum: { integers: sum, ...weighing }, memberCount: 4 };
        await aggregateSum(input, sink);

        const { coordinates, holders, key } = round;
        const about = { ...context, ring: name, coordinates, holders, included: included.map(hospitalAt), ...weighing };
        await writeFile(join(folder, "round.json"), JSON.stringify(about));
        await writeFile(join(folder, "key.json"), key);
        await writeFile(join(folder, "base.safetensors"), base);
        for (const [place, index] of included.entries()) {
          await writeFile(join(folder, `deal-${place}.json`), dealt.hospitals[index]!.deal);
          await writeFile(join(folder, `masked-${place}.safetensors`), dealt.hospitals[index]!.masked);
        }
        const { stdout } = await run([script, folder]);
        expect(JSON.parse(stdout)).to.deep.equal({
          sum: createHash("sha256").update(new Uint8Array(sum.buffer)).digest("hex"),
          largestError,
          model: blobDigest(sink.bytes()),
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});

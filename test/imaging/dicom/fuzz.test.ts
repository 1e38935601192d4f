import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { isFedError } from "../../../foundation/errors.ts";
import { decodeFrames } from "../../../imaging/dicom/decode-frames.ts";
import { readInstance, readInstanceHeader } from "../../../imaging/dicom/read-instance.ts";
import { allEncodings, type EncodingName, loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { damaged, damages } from "./damage.ts";
import { sampleFiles, scans, sharedData } from "./samples.ts";

const encodings = Object.keys(allEncodings) as EncodingName[];

describe("DICOM files with random damage", function () {
  this.timeout(120_000);
  before(() => loadEncoders(encodings));

  it("give pixels or a FedError without identifiers, for every encoding that the project writes", async () => {
    const files = encodings.flatMap((encoding) => [
      sampleFiles(scans[0]!, encoding)[1]!,
      sampleFiles(scans[2]!, encoding, "multi-frame")[0]!,
    ]);
    await fuzz(files, ["SYNTHETIC", "PHANTOM", "patient1"], { seed: 4, numRuns: 500 });
  });

  it("give pixels or a FedError without identifiers, for real files", async function () {
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
  const cases = fc.record({ file: fc.nat(files.length - 1), damage: damages });
  await fc.assert(
    fc.asyncProperty(cases, async ({ file, damage }) => {
      const bytes = damaged(files[file]!, damage);
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

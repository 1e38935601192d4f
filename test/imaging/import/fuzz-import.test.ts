import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { PNG } from "pngjs";
import { isFedError } from "../../../foundation/errors.ts";
import type { CtInstance } from "../../../imaging/dicom/ct-instance.ts";
import { decodeFrames } from "../../../imaging/dicom/decode-frames.ts";
import { readInstance, readInstanceHeader } from "../../../imaging/dicom/read-instance.ts";
import { allEncodings, type EncodingName, loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { patientFiles } from "../../../imaging/phantom/patient-files.ts";
import { openRandom } from "../../../imaging/phantom/random.ts";
import { synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";
import { pseudonymsOf, readPseudonymKey } from "../../../imaging/shard/pseudonyms.ts";
import type { QuarantineEntry } from "../../../imaging/shard/quarantine.ts";
import { readShardIndex } from "../../../imaging/shard/shard-format.ts";
import { decodePicture, isPicture } from "../../../imaging/source/picture.ts";
import { damaged, damages } from "../dicom/damage.ts";
import { collect, sharedData } from "../dicom/samples.ts";
import { importInto, writeArchive } from "./synthetic.ts";

/** Archives to damage: two in every test run, more where the variable says so. */
const archives = Number(process.env["CONSILIUM_FUZZ_ARCHIVES"] ?? 2);
const mostImportMs = 60_000;
const slices = 8;

const uid = "31415926535897932384";
const onePicture = PNG.sync.write(new PNG({ width: 24, height: 24 }));

/** How a patient's files come to harm: each on its own, some of them, or by being no images at all. */
const illness = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("damage" as const),
      each: fc.array(fc.option(damages), { minLength: slices, maxLength: slices }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("noise" as const),
      bytes: fc.uint8Array({ maxLength: 4000 }),
      name: fc.constantFrom("a.dcm", "a", "a.jpg", "a.png", "a.zip"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("picture" as const),
      each: fc.array(fc.option(damages), { minLength: 2, maxLength: 2 }),
    }),
  },
);

describe("archives with random damage among healthy patients", function () {
  this.timeout(mostImportMs * (archives + 2));
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-fuzz-import-"));
    await writeArchive(join(root, "healthy"), { patients: 2, slices: [slices, slices] });
    await rm(join(root, "healthy", "labels.csv"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("import the healthy ones, quarantine each bad file by name, and show no identifier anywhere", async () => {
    const encodings = Object.keys(allEncodings) as EncodingName[];
    await loadEncoders(encodings);
    const sources = encodings.flatMap((encoding, index) =>
      (["none", "multi-frame"] as const).map((nuisance) => {
        const scan = synthesiseScan({ seed: 6, index, positive: true, matrix: 48, slices: [slices, slices] });
        // An id that joins nobody: each folder stays a patient of its own.
        const source = { patient: "ANONYMOUS", study: `2.25.${uid}${index}`, encoding, nuisance };
        return [...patientFiles(scan, source, openRandom(6, index))].map(({ bytes }) => bytes);
      }),
    );
    await fuzz(sources, { seed: 4, illnesses: 16 });
  });

  it("do so with real files too", async function () {
    const folder = sharedData("dicom-ct-transfer-syntaxes");
    if (!folder) this.skip();
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".dcm")).sort();
    const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
    const patients = new Map<string, Buffer[]>();
    for (const bytes of files) {
      const { patientId } = readInstanceHeader(bytes);
      patients.set(patientId, [...(patients.get(patientId) ?? []), bytes]);
    }
    await fuzz([...patients.values()], { seed: 5, illnesses: 6 });
  });

  async function fuzz(
    sources: readonly (readonly Buffer[])[],
    { seed, illnesses }: { seed: number; illnesses: number },
  ) {
    const outcomes = { whole: 0, quarantined: 0 };
    const cases = fc.array(fc.record({ source: fc.nat(sources.length - 1), illness }), {
      minLength: illnesses,
      maxLength: illnesses,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (patients) => {
        const archive = join(root, `archive-${seed}-${++run}`);
        await cp(join(root, "healthy"), archive, { recursive: true });
        const bad = new Map<string, Buffer>();
        for (const [index, { source, illness }] of patients.entries()) {
          // One class a source: folders that share an id are one patient, who must not be of both.
          const folder = `${source % 2 ? "positive" : "negative"}/Doe^Jane-${index}`;
          const own = sources[source]!;
          if (illness.kind === "noise") bad.set(`${folder}/${illness.name}`, Buffer.from(illness.bytes));
          else
            for (const [at, damage] of illness.each.entries()) {
              const bytes = illness.kind === "picture" ? onePicture : own[at];
              if (!bytes) break;
              const name = illness.kind === "picture" ? `${at}.png` : `${at}.dcm`;
              bad.set(`${folder}/${name}`, damage ? damaged(bytes, damage) : Buffer.from(bytes));
            }
        }
        for (const [name, bytes] of bad) {
          await mkdir(dirname(join(archive, name)), { recursive: true });
          await writeFile(join(archive, name), bytes);
        }
        const dir = join(root, `shard-${seed}-${run}`);
        const started = performance.now();
        const { quarantine } = await importInto(archive, dir, { workers: 2, keyFile: join(root, "key"), minSlices: 2 });
        expect(performance.now() - started).to.be.below(mostImportMs);
        await checkOutcome(dir, bad, quarantine, outcomes);
        await rm(archive, { recursive: true });
        await rm(dir, { recursive: true });
      }),
      { seed, numRuns: archives, endOnFailure: true },
    );
    // Damage that harms nobody, or that nobody survives, would test nothing.
    expect(outcomes.quarantined).to.be.above(archives);
    expect(outcomes.whole).to.be.above(archives);
  }

  async function checkOutcome(
    dir: string,
    bad: ReadonlyMap<string, Buffer>,
    quarantine: readonly QuarantineEntry[],
    outcomes: { whole: number; quarantined: number },
  ): Promise<void> {
    const pseudonyms = pseudonymsOf((await readPseudonymKey(join(root, "key")))!);
    const imported = new Set((await readShardIndex(dir)).scans.map(({ patient }) => patient));
    for (const patient of ["positive", "negative"]) {
      const [folder] = await readdir(join(root, "healthy", patient));
      expect(imported).to.include(pseudonyms.of("patient", `id/${folder}`), `healthy ${patient}`);
    }
    for (const { code, remedy } of quarantine) {
      expect(code).to.match(/^[A-Z][A-Z_]+$/);
      expect(remedy).to.have.length.above(10);
    }
    for (const [name, bytes] of bad) {
      const expected = await refusalOf(bytes, name);
      if (expected === undefined) {
        outcomes.whole++;
        continue;
      }
      outcomes.quarantined++;
      const own = quarantine.filter(({ file }) => file === pseudonyms.of("file", name)).map(({ code }) => code);
      // Pixels are not looked at where a patient's other files are too few or too bad.
      if (expected.isHeader || own.length > 0) expect(own, name).to.deep.equal([expected.code]);
      else {
        const folder = name.split("/")[1]!;
        const siblings = [...bad]
          .filter(([other]) => other.split("/")[1] === folder)
          .flatMap(([, one]) => headerOf(one));
        const ofClass = name.split("/")[0]!;
        const patients = [`folder/${ofClass}/${folder}`, ...siblings.map(({ patientId }) => `id/${patientId}`)];
        const hashes = patients.map((one) => pseudonyms.of("patient", one));
        const [{ positionMm } = {}] = readInstanceHeader(bytes).frames;
        const places = siblings.filter(({ frames }) => String(frames[0]?.positionMm) === String(positionMm));
        // Of slices at one place only the first is looked at.
        const isTold = places.length > 1 || quarantine.some(({ patient }) => hashes.includes(String(patient)));
        expect(isTold, name).to.equal(true);
      }
    }
    const told = [JSON.stringify(quarantine), ...(await textsBelow(dir))].join("\n");
    for (const identifier of ["Doe", "Jane", "SYNTHETIC", "PHANTOM", "MISTER", uid, root])
      expect(told).not.to.include(identifier);
  }
});

/** What a file must be quarantined with; undefined if nothing is wrong with it. */
async function refusalOf(bytes: Buffer, name: string): Promise<{ code: string; isHeader: boolean } | undefined> {
  let isHeader = true;
  try {
    if (name.endsWith(".zip")) return { code: "ZIP_MALFORMED", isHeader };
    if (bytes.length === 0) return { code: "FILE_EMPTY", isHeader };
    if (isPicture(bytes)) await decodePicture(bytes);
    else {
      readInstanceHeader(bytes);
      isHeader = false;
      await collect(decodeFrames(readInstance(bytes)));
    }
    return undefined;
  } catch (error) {
    if (!isFedError(error)) throw error;
    return { code: error.code, isHeader };
  }
}

function headerOf(bytes: Buffer): CtInstance[] {
  try {
    return [readInstanceHeader(bytes)];
  } catch {
    return [];
  }
}

async function textsBelow(dir: string): Promise<string[]> {
  const entries = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Promise.all(
    entries.map(
      async ({ parentPath, name }) => `${name}\n${(await readFile(join(parentPath, name))).toString("latin1")}`,
    ),
  );
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { sha256 } from "../../../foundation/sha256.ts";
import { type DecodePool, openDecodePool } from "../../../imaging/dicom/decode-pool.ts";
import { parseImportOptions } from "../../../imaging/import/import-options.ts";
import { normalisePatient } from "../../../imaging/import/normalise-patient.ts";
import { type NormalisePool, openNormalisePool } from "../../../imaging/import/normalise-pool.ts";
import type { Outcome } from "../../../imaging/import/outcomes.ts";
import { loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { pseudonymsOf } from "../../../imaging/shard/pseudonyms.ts";
import { recordsOf } from "../../../imaging/shard/scan-records.ts";
import { shardRoot } from "../../../imaging/shard/shard-format.ts";
import { examine } from "../../../imaging/source/examine.ts";
import { openExaminedFiles } from "../../../imaging/source/examined-files.ts";
import { groupPatients } from "../../../imaging/source/group-patients.ts";
import { openArchive } from "../../../imaging/source/listing.ts";
import { readLabels } from "../../../imaging/source/read-labels.ts";
import { type Change, writeForm } from "./archive-forms.ts";
import { type Form, forms, members, plainForm } from "./form-choices.ts";
import { importInto } from "./synthetic.ts";

/** Compositions of forms; more where the variable says so. */
const compositions = Number(process.env["CONSILIUM_METAMORPHIC_RUNS"] ?? 500);

const key = new Uint8Array(32).fill(7);
const pseudonyms = pseudonymsOf(key);
const options = parseImportOptions({ keyFile: "none", shape: { height: 16, width: 16, maxSlices: 4 } });
const nameOf = (member: number) => pseudonyms.of("patient", `id/${members[member]!.id}`);

describe("the same scans in another form", function () {
  this.timeout(600_000);
  let root: string;
  let pool: DecodePool;
  let normaliser: NormalisePool;
  let plain: Imported;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-metamorphic-"));
    pool = openDecodePool({ workers: 2 });
    normaliser = openNormalisePool(2);
    await loadEncoders(["rle"]);
    plain = await importForm(plainForm);
  });
  after(async () => {
    await pool.close();
    await normaliser.close();
    await rm(root, { recursive: true, force: true });
  });

  interface Imported {
    readonly root: string;
    readonly labels: Readonly<Record<string, number>>;
    readonly pixels: Readonly<Record<string, string>>;
  }

  /** The steps of an import on threads that all imports share; what is written to disk follows from it. */
  async function importForm(form: Form, change: Change = {}): Promise<Imported> {
    const dir = await mkdtemp(join(root, "form-"));
    const archive = await openArchive(await writeForm(dir, form, change), {});
    try {
      const { files } = archive;
      const { rows } = await readLabels(files, undefined);
      const examined = openExaminedFiles();
      for await (const one of examine(files, pool)) {
        if (one.kind === "dicom") examined.addDicom(one.file, one.instance);
        if (one.kind === "picture") examined.addPicture(one.file);
      }
      const { patients } = groupPatients(files, examined, { rows, pseudonyms });
      const outcomes = await Promise.all(
        patients.map(async (patient): Promise<Outcome> => {
          const work = { files, examined, pool, normaliser, pseudonyms, ...options };
          const { scan, quarantined } = await normalisePatient(patient, work);
          const outcome = { patient: patient.patient, inputs: patient.patient, quarantined };
          if (!scan) return outcome;
          const { pixels, ...about } = scan;
          const digest = Buffer.from(sha256(pixels)).toString("hex");
          return { ...outcome, scan: { ...about, offset: 0, bytes: pixels.length, pixels: digest } };
        }),
      );
      const { records } = recordsOf(outcomes, patients, options, { pseudonyms, kept: new Map() });
      return {
        root: shardRoot(records),
        labels: Object.fromEntries(records.map(({ patient, label }) => [patient, label])),
        pixels: Object.fromEntries(records.map(({ patient, pixels }) => [patient, pixels])),
      };
    } finally {
      await archive.close();
      await rm(dir, { recursive: true });
    }
  }

  it("is the plain archive's shard, with all patients and their labels", () => {
    for (const [member, { label }] of members.entries()) expect(plain.labels[nameOf(member)]).to.equal(label);
    expect(new Set(Object.values(plain.pixels)).size).to.equal(members.length);
  });

  it("gives the same shard, and another one only by what was changed, in any composition", async () => {
    const changes = fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.record({ relabelled: fc.nat(members.length - 1) }) },
      { weight: 1, arbitrary: fc.record({ removed: fc.nat(members.length - 1) }) },
    );
    await fc.assert(
      fc.asyncProperty(forms, changes, async (form, change: Change) => {
        const imported = await importForm(form, change);
        const { relabelled, removed } = change;
        if (relabelled === undefined && removed === undefined) expect(imported.root).to.equal(plain.root);
        const kept = [...members.keys()].filter((member) => member !== removed);
        const labels = kept.map((member) => [nameOf(member), members[member]!.label ^ (member === relabelled ? 1 : 0)]);
        expect(imported.labels).to.deep.equal(Object.fromEntries(labels));
        const pixels = kept.map((member) => [nameOf(member), plain.pixels[nameOf(member)]]);
        expect(imported.pixels).to.deep.equal(Object.fromEntries(pixels));
      }),
      { numRuns: compositions, seed: 19, endOnFailure: true },
    );
  });

  it("gives the same files of the shard by whole imports", async () => {
    const shape = { height: 16, width: 16, maxSlices: 4 };
    const keyFile = join(root, "key");
    const roots: string[] = [];
    for (const [run, form] of [plainForm, ...fc.sample(forms, { numRuns: 3, seed: 5 })].entries()) {
      const source = await writeForm(join(root, `whole-${run}`), form);
      roots.push((await importInto(source, join(root, `shard-${run}`), { keyFile, shape })).root);
    }
    expect(new Set(roots).size).to.equal(1);
  });
});

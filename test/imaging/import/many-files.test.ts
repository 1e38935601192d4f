import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { expect } from "chai";
import fc from "fast-check";
import { FedError } from "../../../foundation/errors.ts";
import { compareNaturally } from "../../../foundation/natural-order.ts";
import type { CtFrame, CtInstance } from "../../../imaging/dicom/ct-instance.ts";
import { openRefusedFiles } from "../../../imaging/import/refused-files.ts";
import { pseudonymsOf } from "../../../imaging/shard/pseudonyms.ts";
import { openExaminedFiles } from "../../../imaging/source/examined-files.ts";
import { type Folder, openFileList } from "../../../imaging/source/file-list.ts";
import { groupPatients } from "../../../imaging/source/group-patients.ts";
import { openArchive, readBytes } from "../../../imaging/source/listing.ts";
import { memoryInUse } from "./memory-in-use.ts";

const filesOfScan = 250;
const mostBytesOfFile = 200;

describe("an archive of very many files", () => {
  it(`needs less than ${mostBytesOfFile} bytes of memory a file until it is grouped by patient`, () => {
    const scans = 400;
    const before = memoryInUse();
    const held = listAndGroup(scans);
    const bytes = (memoryInUse() - before) / (scans * filesOfScan);
    expect(held.patients.length).to.equal(scans);
    expect(held.patients.every(({ dicom }) => dicom.length === filesOfScan)).to.equal(true);
    const { instance } = held.examined.headerOf(held.patients[0]!.dicom[7]!);
    expect(instance.frames[0]!.positionMm).to.deep.equal([-170.5, -180.25, 7.125]);
    expect(bytes).to.be.below(mostBytesOfFile);
  });

  it("gives back what headers said, single and enhanced, with and without positions", () => {
    const position = fc.option(fc.tuple(fc.float({ noNaN: true }), fc.float({ noNaN: true }), fc.constant(3)), {
      nil: undefined,
    });
    const headers = fc.array(fc.record({ kernel: fc.constantFrom("a", "b"), positions: fc.array(position) }));
    fc.assert(
      fc.property(headers, (said) => {
        const examined = openExaminedFiles();
        const instances = said.map(({ kernel, positions }, index) => ({
          ...headerOf("p", "s", `${index}`),
          kernel,
          frames: positions.map((positionMm, frame) => ({ ...frameAt(0), rescaleSlope: 1 + (frame % 2), positionMm })),
        }));
        // Every third file is a picture, every third none of use.
        for (const [index, instance] of instances.entries()) {
          examined.addDicom(3 * index, instance);
          examined.addPicture(3 * index + 1);
        }
        const identities = new Set<number | undefined>();
        for (const [index, { instanceUid: _, ...instance }] of instances.entries()) {
          const { identity, ...header } = examined.headerOf(3 * index);
          expect(header).to.deep.equal({ file: 3 * index, instance });
          identities.add(identity);
          const kinds = [0, 1, 2].map((more) => examined.at(3 * index + more)?.kind);
          expect(kinds).to.deep.equal(["dicom", "picture", undefined]);
        }
        expect([...examined]).to.have.length(2 * said.length);
        expect(identities.size).to.equal(said.length);
      }),
      { numRuns: 100, seed: 4 },
    );
  });

  it("is listed in the natural order of whole paths, independent of the disk's order", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "-", "b", "1", "0", "12", "é"), minLength: 1, maxLength: 4 });
    const paths = fc.uniqueArray(fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")));
    fc.assert(
      fc.property(paths, (all) => {
        const list = openFileList();
        const folders = new Map<string, Folder>();
        for (const [entry, path] of all.entries()) {
          const parts = path.split("/");
          const key = parts.slice(0, -1).join("/");
          const folder = folders.get(key) ?? folderOf(parts.slice(0, -1));
          folders.set(key, folder);
          list.add(folder, { name: parts.at(-1)!, bytes: entry, version: 2 ** 41 + entry });
        }
        const files = list.finish();
        const listed = [...files].map(({ parts }) => parts.join("/"));
        expect(listed).to.deep.equal(all.slice().sort(compareByPieces));
        for (const [place, path] of listed.entries()) {
          const entry = all.indexOf(path);
          const { bytes, version } = files.at(place);
          expect([bytes, version]).to.deep.equal([entry, 2 ** 41 + entry]);
        }
      }),
      { numRuns: 200, seed: 4 },
    );
  });

  it("compares as by lists of words and numbers", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "-", "/", "1", "0", "9", "."), maxLength: 9 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareNaturally(a, b))).to.equal(Math.sign(compareByPieces(a, b)));
      }),
      { numRuns: 2000, seed: 4 },
    );
  });

  it("lists a thousand files that cannot be read for the same reason, and counts the others", () => {
    const refused = openRefusedFiles();
    const before = memoryInUse();
    for (let file = 0; file < 200_000; file++) {
      const code = file === 7 ? "DICOM_TRUNCATED" : "DICOM_FOREIGN";
      refused.add(new FedError(code, { bytes: file }, { remedy: `mend ${code}` }), {
        file: `pseudonym ${file}`,
        number: file + 1,
      });
    }
    const entries = refused.entries();
    expect(memoryInUse() - before).to.be.below(2e6);
    expect(entries.filter(({ file }) => file !== undefined)).to.have.length(1001);
    expect(entries[7]).to.deep.include({ code: "DICOM_TRUNCATED", file: "pseudonym 7", files: 1 });
    const [counted, ...others] = entries.filter(({ file }) => file === undefined);
    expect(others).to.deep.equal([]);
    const facts = { isCounted: true };
    expect(counted).to.deep.equal({
      what: "file",
      code: "DICOM_FOREIGN",
      files: 198_999,
      facts,
      remedy: "mend DICOM_FOREIGN",
    });
    expect(entries.reduce((sum, { files }) => sum + files, 0)).to.equal(200_000);
  });

  it("may be a zip for each patient, more of them than are kept open, read from in any order", async () => {
    const root = await mkdtemp(join(tmpdir(), "consilium-many-"));
    try {
      for (let patient = 0; patient < 20; patient++) {
        const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
        for (const slice of [10, 2])
          await zip.add(`s/${slice}.dcm`, new Uint8ArrayReader(Uint8Array.of(patient, slice)));
        await mkdir(join(root, "positive"), { recursive: true });
        await writeFile(join(root, "positive", `p${patient}.zip`), await zip.close());
      }
      const { files, close } = await openArchive(root, {});
      const contents = Array.from({ length: 20 }, (_, patient) => [2, 10].map((slice) => [patient, slice])).flat();
      expect(files.at(2).parts).to.deep.equal(["positive", "p1", "s", "2.dcm"]);
      const forwards = await Promise.all([...files].map(readBytes));
      expect(forwards.map((bytes) => [...bytes])).to.deep.equal(contents);
      const backwards = await Promise.all([...files].reverse().map(readBytes));
      expect(backwards.map((bytes) => [...bytes])).to.deep.equal(contents.toReversed());
      await close();
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});

/** As an import does it with the names and headers of so many scans of a hospital's export. */
function listAndGroup(scans: number) {
  const list = openFileList();
  for (let scan = 0; scan < scans; scan++) {
    const folder = folderOf([scan % 2 ? "positive" : "negative", `patient${scan}`, `1.2.840.99.${scan}`]);
    for (let slice = 0; slice < filesOfScan; slice++)
      list.add(folder, { name: `1.2.840.113619.2.55.3.${scan}.${slice}.dcm`, bytes: 526_000, version: 1.7e12 + slice });
  }
  const files = list.finish();
  const examined = openExaminedFiles();
  for (let file = 0; file < files.length; file++) {
    const { parts } = files.at(file);
    const slice = Number(parts.at(-1)!.split(".").at(-2));
    // As they come from the other thread, each with words of its own.
    const header = { ...headerOf(parts[1]!, parts[2]!, `${parts[2]}.${slice}`), frames: [frameAt(slice)] };
    examined.addDicom(file, JSON.parse(JSON.stringify(header)) as CtInstance);
  }
  const { patients } = groupPatients(files, examined, {
    rows: undefined,
    pseudonyms: pseudonymsOf(new Uint8Array(32)),
  });
  return { files, examined, patients };
}

function folderOf(parts: readonly string[]): Folder {
  return { parts, use: (name, _, work) => work({ path: name }) };
}

function frameAt(slice: number): CtFrame {
  return {
    positionMm: [-170.5, -180.25, slice + 0.125],
    orientation: [1, 0, 0, 0, 1, 0],
    pixelSpacingMm: [0.7, 0.7],
    rescaleSlope: 1,
    rescaleIntercept: -1024,
    rescaleType: "HU",
    marks: { acquisitionNumber: "1", thickness: "1.25" },
    order: [null, 101_500.25 + slice, 101_700.5, slice],
  };
}

function headerOf(patientId: string, seriesUid: string, instanceUid: string): Omit<CtInstance, "frames"> {
  return {
    ...{ transferSyntax: "1.2.840.10008.1.2.1", sopClass: "1.2.840.10008.5.1.4.1.1.2", modality: "CT" },
    accessionNumber: "",
    ...{ patientId, studyUid: `study ${patientId}`, seriesUid, instanceUid, frameOfReferenceUid: "1.2" },
    ...{ imageType: ["ORIGINAL", "PRIMARY", "AXIAL"], manufacturer: "Maker", manufacturerModel: "Model" },
    ...{ kernel: "LUNG", bodyPart: "CHEST", patientPosition: "HFS", sliceThicknessMm: 1.25, unreadable: [] },
    ...{ hasPixels: true, rows: 512, columns: 512, samplesPerPixel: 1, photometricInterpretation: "MONOCHROME2" },
    ...{ bitsAllocated: 16, bitsStored: 12, highBit: 11, isSigned: false, pixelPaddingValue: 63_536 },
    pixelPaddingLimit: 63_536,
  };
}

/** The order written out: pieces of digits and of others. */
function compareByPieces(a: string, b: string): number {
  const pieces = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const [left, right] = [pieces(a), pieces(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one, other] = [left[at]!, right[at]!];
    const areNumbers = /^\d/.test(one) && /^\d/.test(other);
    const difference = areNumbers ? Number(one) - Number(other) : one < other ? -1 : one > other ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}

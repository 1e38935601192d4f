// Synthetic patients with their masks, on the pixels that the importer makes of their DICOM files.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { importArchive } from "../../../imaging/import/import-archive.ts";
import { writeSyntheticArchive } from "../../../imaging/phantom/write-archive.ts";
import { withActivationPictures } from "../../../imaging/shard/data-card-page.ts";
import { pseudonymsOf, readPseudonymKey } from "../../../imaging/shard/pseudonyms.ts";
import { openShard } from "../../../imaging/shard/shard.ts";
import { personOfId } from "../../../imaging/source/persons.ts";
import { importedPhantom } from "../../../study/explanations/imported-phantom.ts";

async function finish<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}

describe("a synthetic patient as it is imported", () => {
  it("has the pixels of its DICOM files, and lesions in its lungs if it is ill", async () => {
    const dir = await mkdtemp(join(tmpdir(), "consilium-"));
    const options = { patients: 2, seed: 3, matrix: 96 };
    const { patients } = await finish(writeSyntheticArchive(join(dir, "archive"), options));
    const keyFile = join(dir, "key");
    await finish(importArchive(join(dir, "archive"), join(dir, "shard"), { keyFile, seed: 3 }));
    const shard = await openShard(join(dir, "shard"));
    const pseudonyms = pseudonymsOf((await readPseudonymKey(keyFile))!);
    let looked = 0;
    for (const [number, { patient, label }] of patients.entries()) {
      const index = shard.scans.findIndex((scan) => scan.patient === pseudonyms.of("patient", personOfId(patient)));
      if (index < 0) continue;
      const positive = label === "positive";
      const { height, width, windows } = shard;
      const folder = join(dir, "archive", label, patient);
      const shape = { height, width, windows, maxSlices: 24 };
      const { pixels, masks } = await importedPhantom(folder, { ...options, index: number, positive }, shape);
      expect(pixels).to.deep.equal(Uint8Array.from(shard.read(index)));
      const { lung, lesion } = masks;
      expect(lesion.includes(1)).to.equal(positive);
      expect(lesion.every((inside, at) => inside === 0 || lung[at] === 1)).to.equal(true);
      // Lungs are darkest where the mask lies: by two pixels or slices in any direction, tissue comes in.
      const grey = (mask: Uint8Array, by = 0) => {
        const found = pixels.filter((_, at) => mask[at - by] === 1);
        return found.reduce((sum, each) => sum + each, 0) / found.length;
      };
      const steps = [1, width, width * height].flatMap((step) => [-2 * step, 2 * step]);
      for (const by of steps) expect(grey(lung, by)).to.be.above(grey(lung) + 5);
      if (positive) expect(grey(lesion)).to.be.above(grey(lung) + 30);
      looked++;
    }
    await shard.close();
    await rm(dir, { recursive: true });
    expect(looked).to.equal(2);
  });

  it("is on the data card once, however often its pictures are drawn", () => {
    const drawn = (hits: number) => ({ png: Uint8Array.of(1, 2, 3), points: 6, hits, chance: 1.5 });
    const first = withActivationPictures("<h1>Data card</h1></html>\n", drawn(4));
    expect(first).to.include("<h1>Data card</h1>").and.include("4 of 6").and.include("data:image/png;base64,AQID");
    const second = withActivationPictures(first, drawn(5));
    expect(second).to.include("5 of 6").and.not.include("4 of 6");
    expect(second.match(/<\/html>/g)).to.have.length(1);
  });
});

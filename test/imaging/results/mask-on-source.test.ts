import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { decodeFrames } from "../../../imaging/dicom/decode-frames.ts";
import { onDisk } from "../../../imaging/dicom/open-file.ts";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import { defaultShape, normaliseStack } from "../../../imaging/import/normalise.ts";
import { openScans } from "../../../imaging/import/open-scans.ts";
import type { NuisanceName } from "../../../imaging/phantom/patient-files.ts";
import { openMaskOnSource } from "../../../imaging/results/mask-on-source.ts";
import { writeArchive } from "../import/synthetic.ts";

/** Half-way between lung and soft tissue in the lung window, and the HU of that grey. */
const [grey, hu] = [144, -500];

describe("a mask on the slices that the scanner made", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-mask-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  /** Of the pixels within the field, the share on which the mask of air agrees with the stored values. */
  async function agreement(nuisance?: NuisanceName): Promise<number> {
    const dir = await writeArchive(join(root, nuisance ?? "plain"), {
      ...{ patients: 1, slices: [12, 12], matrix: 96 },
      ...(nuisance && { nuisances: [nuisance] }),
    });
    const scans = await openScans(dir);
    try {
      const shape = { ...defaultShape, height: 128, width: 128 };
      const { chosen, stack, normal } = await scans.read(scans.patients[0]!, (found) => ({
        ...{ ...found, normal: normaliseStack(found.stack, shape) },
      }));
      const values = normal.pixels.map((value) => (value < grey ? 1 : 0));
      const { rows, columns } = chosen.files[0]!.instance;
      const onSlice = openMaskOnSource({ ...normal, values, rows: 128, columns: 128 }, { rows, columns });
      const everywhere = openMaskOnSource(
        { ...normal, values: values.map(() => 1), rows: 128, columns: 128 },
        { rows, columns },
      );
      let [same, all] = [0, 0];
      for (const [plane, place] of stack.places.entries()) {
        const frame = chosen.order.frames[place]!;
        const at = [frame, stack.originsMm[plane]!, stack.heightsMm[plane]!] as const;
        const [mask, field] = [onSlice(...at), everywhere(...at)];
        if (!mask || !field) continue;
        await scans.use(frame.file, async (source) => {
          const bytes = "bytes" in source ? source.bytes : await readFile(onDisk(source.path));
          let index = 0;
          for await (const stored of decodeFrames(readInstance(new Uint8Array(bytes)))) {
            if (index++ !== frame.frame) continue;
            for (const [pixel, value] of stored.entries()) {
              if (field[pixel] !== 1) continue;
              all++;
              if ((value < hu ? 1 : 0) === mask[pixel]) same++;
            }
          }
        });
      }
      expect(all).to.be.greaterThan(10_000);
      return same / all;
    } finally {
      await scans.close();
    }
  }

  it("lies where its pixels are stored, however the patient lay and the files are made", async () => {
    const kinds = [undefined, "prone", "decubitus", "feet-first", "tilted", "multi-frame"] as const;
    for (const kind of kinds) expect(await agreement(kind), kind ?? "plain").to.be.greaterThan(0.9);
  });
});

import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import type { ScanFacts } from "../../../imaging/shard/shard-format.ts";
import { checkShortcuts } from "../../../imaging/shard/shortcut-check.ts";

/** Scans whose scanner, spacing and format are drawn without a look at the label, but for what `plant` sets. */
function scansOf(count: number, seed: number, plant: (label: 0 | 1, next: () => number) => Partial<ScanFacts>) {
  const next = seededIntegers("shortcuts", seed);
  return Array.from({ length: count }, (_, index) => {
    const label = (index % 2) as 0 | 1;
    const facts = {
      ...{
        format: "dicom",
        manufacturer: ["A", "B", "C"][next() % 3]!,
        model: "m",
        kernel: ["soft", "sharp"][next() % 2]!,
      },
      ...{ transferSyntax: "1.2", position: "HFS", rows: 512, columns: 512, pixelMm: 0.6 + (next() % 30) / 100 },
      ...{ spacingMm: 1 + (next() % 8), thicknessMm: 1 + (next() % 5), storedSlices: 30 + (next() % 90) },
      ...plant(label, next),
    } as ScanFacts;
    return { patient: String(index), label, facts };
  });
}

describe("the shortcut check", () => {
  it("warns where a format, a scanner or a spacing predicts the label, and names it", () => {
    const warned = (plant: Parameters<typeof scansOf>[2]) =>
      checkShortcuts(scansOf(80, 1, plant)).flatMap(({ feature, isWarned }) => (isWarned ? [feature] : []));
    expect(warned((label) => ({ format: label === 1 ? "dicom" : "picture" }))).to.include("format");
    expect(warned((label, next) => (next() % 10 < 8 ? { manufacturer: label === 1 ? "A" : "B" } : {}))).to.include(
      "manufacturer",
    );
    expect(warned((label, next) => ({ spacingMm: (label === 1 ? 1 : 4) + (next() % 4) }))).to.include("slice distance");
  });

  it("does not warn in at least 17 of 20 archives where nothing predicts the label", () => {
    const alarms = Array.from({ length: 20 }, (_, seed) =>
      checkShortcuts(scansOf(60, 100 + seed, () => ({}))).some(({ isWarned }) => isWarned),
    );
    expect(alarms.filter(Boolean).length).to.be.at.most(3);
  });

  it("says nothing of fewer than ten patients of a class", () => {
    expect(checkShortcuts(scansOf(18, 1, (label) => ({ format: label === 1 ? "dicom" : "picture" })))).to.deep.equal(
      [],
    );
  });
});

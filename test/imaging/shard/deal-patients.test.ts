import { expect } from "chai";
import fc from "fast-check";
import { dealPatients, type PartitionOptions } from "../../../imaging/shard/deal-patients.ts";
import type { ScanRecord } from "../../../imaging/shard/shard-format.ts";
import { splitPatients } from "../../../imaging/shard/split-patients.ts";

function scansOf(positive: number, negative: number): ScanRecord[] {
  const patients = Array.from({ length: positive + negative }, (_, index) => ({
    patient: (0x1000 + index * 7919).toString(16).padStart(16, "0"),
    label: index < positive ? (1 as const) : (0 as const),
  }));
  const splits = splitPatients(patients, { seed: 1 });
  return patients.map(({ patient, label }, index) => {
    const facts = { manufacturer: ["A", "B", "C"][index % 3], model: "" };
    return { patient, label, split: splits.get(patient)!, slices: 1, facts } as unknown as ScanRecord;
  });
}

const trainingOf = (scans: readonly ScanRecord[]) => scans.filter(({ split }) => split === "train");

describe("splitting and dealing out patients", () => {
  it("keeps the split of each patient when others come, and restores the shares", () => {
    const before = splitPatients(scansOf(20, 20), { seed: 1 });
    const more = scansOf(20, 40);
    const after = splitPatients(more, { seed: 1 }, before);
    for (const [patient, split] of before) expect(after.get(patient)).to.equal(split);
    const healthy = more.filter(({ label }) => label === 0);
    expect(healthy.filter(({ patient }) => after.get(patient) === "test")).to.have.length(6);
  });

  it("splits each class alike", () => {
    const scans = scansOf(40, 20);
    for (const label of [0, 1] as const) {
      const own = scans.filter((scan) => scan.label === label);
      expect(own.filter(({ split }) => split === "test").length).to.equal(Math.round(own.length * 0.15));
      expect(own.filter(({ split }) => split === "validation").length).to.equal(Math.round(own.length * 0.15));
    }
  });

  it("refuses shares that do not sum to one", () => {
    expect(() => splitPatients([], { seed: 1, shares: { train: 0.5, validation: 0.1, test: 0.1 } }))
      .to.throw()
      .with.property("code", "SPLIT_SHARES");
  });

  it("gives every patient to one hospital, and each hospital both classes to learn from and someone to test on", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom<PartitionOptions["kind"]>("equal", "dirichlet", "scanner", "size"),
        fc.integer({ min: 0, max: 1000 }),
        (hospitals, kind, seed) => {
          const scans = scansOf(60, 60);
          const deal = dealPatients(scans, hospitals, { kind, seed, alpha: 0.1 });
          const dealt = deal.flat().map(({ patient }) => patient);
          expect(dealt.sort()).to.deep.equal(scans.map(({ patient }) => patient).sort());
          for (const own of deal) {
            expect(new Set(trainingOf(own).map(({ label }) => label)).size).to.equal(2);
            expect(own.some(({ split }) => split === "test")).to.equal(true);
            expect(own.some(({ split }) => split === "validation")).to.equal(true);
          }
        },
      ),
      { numRuns: 60, seed: 11 },
    );
  });

  it("deals alike, unlike by class, by scanner and by size as asked", () => {
    const scans = scansOf(120, 120);
    const equal = dealPatients(scans, 4, { kind: "equal", seed: 2 });
    expect(equal.map((own) => own.length)).to.deep.equal([60, 60, 60, 60]);
    const shareOfIll = (own: readonly ScanRecord[]) => own.filter(({ label }) => label === 1).length / own.length;
    const spread = (deal: readonly ScanRecord[][]) =>
      Math.max(...deal.map(shareOfIll)) - Math.min(...deal.map(shareOfIll));
    expect(spread(equal)).to.be.below(0.05);
    expect(spread(dealPatients(scans, 4, { kind: "dirichlet", alpha: 0.2, seed: 2 }))).to.be.above(0.4);
    expect(spread(dealPatients(scans, 4, { kind: "dirichlet", alpha: 1000, seed: 2 }))).to.be.below(0.1);
    const byScanner = dealPatients(scans, 3, { kind: "scanner", seed: 2 });
    for (const own of byScanner) {
      const counts = ["A", "B", "C"].map((name) => own.filter(({ facts }) => facts.manufacturer === name).length);
      expect(Math.max(...counts) / own.length).to.be.at.least(0.9);
    }
    const sizes = dealPatients(scans, 4, { kind: "size", seed: 2 }).map((own) => own.length);
    expect(sizes).to.deep.equal([...sizes].sort((a, b) => b - a));
    expect(sizes[0]! / sizes[3]!).to.be.above(3);
  });

  it("refuses more hospitals than there are training patients", () => {
    expect(() => dealPatients(scansOf(3, 3), 5, { kind: "equal", seed: 1 }))
      .to.throw()
      .with.property("code", "PATIENTS_TOO_FEW");
  });
});

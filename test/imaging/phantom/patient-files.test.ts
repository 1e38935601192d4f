import { expect } from "chai";
import dicomParser from "dicom-parser";
import { type NuisanceName, patientFiles } from "../../../imaging/phantom/patient-files.ts";
import { openRandom } from "../../../imaging/phantom/random.ts";
import { synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";

const matrixSize = 40;
const scan = synthesiseScan({ seed: 2, index: 0, positive: true, matrix: matrixSize, slices: [7, 7] });

describe("the odd files of the synthetic archive", () => {
  for (const nuisance of ["none", "prone", "decubitus", "feet-first"] as const) {
    it(`${nuisance}: every pixel keeps its place in the patient`, () => {
      for (const set of axial(nuisance)) {
        const [x0, y0, z] = numbers(set, "x00200032") as [number, number, number];
        const [cx, cy, , rx, ry] = numbers(set, "x00200037") as [number, number, number, number, number];
        const pixelMm = numbers(set, "x00280030")[0]!;
        const { originMm, spacingMm } = scan.geometry;
        const slice = Math.round((z - originMm[2]) / spacingMm[0]);
        for (const [row, column] of [
          [0, 0],
          [3, 11],
          [30, 7],
          [20, 33],
          [matrixSize - 1, matrixSize - 1],
        ] as const) {
          const x = x0 + (column * cx + row * rx) * pixelMm;
          const y = y0 + (column * cy + row * ry) * pixelMm;
          const drawn =
            scan.hu[
              (slice * matrixSize + Math.round((y - originMm[1]) / spacingMm[1])) * matrixSize +
                Math.round((x - originMm[0]) / spacingMm[2])
            ]!;
          if (drawn < -1024) continue;
          expect(huAt(set, row * matrixSize + column), `${row},${column}`).to.equal(drawn);
        }
      }
    });
  }

  it("gap: one height is missing in the middle", () => {
    const heights = [...new Set(axial("gap").map((set) => numbers(set, "x00200032")[2]!))].sort((a, b) => a - b);
    const steps = heights.slice(1).map((height, at) => height - heights[at]!);
    expect(heights).to.have.length(6);
    expect(Math.max(...steps)).to.be.closeTo(2 * Math.min(...steps), 0.01);
  });

  it("two-kernels: two series of one volume that differ in kernel and pixels", () => {
    const pairs = new Set(axial("two-kernels").map((set) => `${set.string("x0020000e")} ${set.string("x00181210")}`));
    expect(pairs.size).to.equal(2);
    const pixels = axial("two-kernels").map((set) => huAt(set, 20 * matrixSize + 12));
    expect(new Set(pixels).size).to.be.greaterThan(7);
    const kernels = new Set(axial("two-kernels").map((set) => set.string("x00181210")));
    expect(kernels.size).to.equal(2);
  });

  it("mixed-series: scout and scan lie in one folder", () => {
    const files = filesOf("mixed-series");
    expect(new Set(files.map(({ series }) => series))).to.deep.equal(new Set(["all"]));
    expect(files.some(({ bytes }) => parse(bytes).string("x00080008")?.includes("LOCALIZER"))).to.equal(true);
  });

  it("no-preamble and no-extension: files start with their first element, names have no dot", () => {
    expect(filesOf("no-preamble").every(({ bytes }) => bytes.readUInt32LE(0) === 0x00000002)).to.equal(true);
    expect(filesOf("no-extension").every(({ name }) => !name.includes("."))).to.equal(true);
  });

  it("odd-rescale: the slope is spelled as some scanners do and still means one", () => {
    for (const set of axial("odd-rescale")) {
      expect(set.string("x00281053")).to.equal("001.000000E+00");
      expect(set.floatString("x00281053")).to.equal(1);
    }
  });

  it("multi-frame: one file holds all slices, geometry and rescale in functional groups only", () => {
    const enhanced = filesOf("multi-frame")
      .map(({ bytes }) => parse(bytes))
      .filter((set) => set.string("x00280008") !== undefined);
    expect(enhanced).to.have.length(1);
    const set = enhanced[0]!;
    expect(set.intString("x00280008")).to.equal(7);
    expect(set.elements["x00281053"]).to.equal(undefined);
    expect(set.elements["x00200032"]).to.equal(undefined);
    const shared = set.elements["x52009229"]!.items![0]!.dataSet!;
    expect(shared.elements["x00289145"]!.items![0]!.dataSet!.floatString("x00281053")).to.equal(1);
    const perFrame = set.elements["x52009230"]!.items!.map(
      (item) => numbers(item.dataSet!.elements["x00209113"]!.items![0]!.dataSet!, "x00200032")[2]!,
    );
    expect(perFrame).to.have.length(7);
    expect(perFrame[6]! - perFrame[0]!).to.be.closeTo(6 * scan.geometry.spacingMm[0], 1e-3);
    expect(set.elements["x7fe00010"]!.length).to.equal(7 * matrixSize * matrixSize * 2);
  });
});

function filesOf(nuisance: NuisanceName) {
  const source = { patient: "patient1", study: "2.25.1", encoding: "explicit-little", nuisance } as const;
  return [...patientFiles(scan, source, openRandom(1, nuisance))];
}

function axial(nuisance: NuisanceName) {
  return filesOf(nuisance)
    .map(({ bytes }) => parse(bytes))
    .filter((set) => set.string("x00080008")?.includes("AXIAL"));
}

function parse(bytes: Buffer): dicomParser.DataSet {
  const options: Record<string, unknown> =
    bytes.readUInt32LE(0) === 2 ? { TransferSyntaxUID: "1.2.840.10008.1.2.1" } : {};
  return dicomParser.parseDicom(bytes, options);
}

function numbers(set: dicomParser.DataSet, tag: string): number[] {
  return set.string(tag)!.split("\\").map(Number);
}

function huAt(set: dicomParser.DataSet, index: number): number {
  const view = new DataView(set.byteArray.buffer, set.byteArray.byteOffset + set.elements["x7fe00010"]!.dataOffset);
  const word = set.uint16("x00280103") === 1 ? view.getInt16(index * 2, true) : view.getUint16(index * 2, true);
  return word * set.floatString("x00281053")! + set.floatString("x00281052")!;
}

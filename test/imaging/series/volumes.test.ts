import { expect } from "chai";
import type { CtFrame, CtInstance } from "../../../imaging/dicom/ct-instance.ts";
import type { ExaminedFile } from "../../../imaging/series/examined-file.ts";
import { selectSeries } from "../../../imaging/series/select.ts";
import { choose, frameAt, series } from "./header-series.ts";

/** Slices of 5 mm, each with its own frame and header. */
function slices(
  name: string,
  heights: readonly number[],
  frameOf: (slice: number) => Partial<CtFrame> = () => ({}),
  more: Partial<CtInstance> = {},
): ExaminedFile[] {
  return heights.map((z, slice) => {
    const [one] = series(name, 1, 5, { sliceThicknessMm: 5, ...more });
    const frames = [frameAt(z, frameOf(slice))];
    return { ...one!, instance: { ...one!.instance, frames } };
  });
}

function range(from: number, count: number, step = 5): number[] {
  return Array.from({ length: count }, (_, index) => from + index * step);
}

/** Of each candidate: its lowest and highest slice, their number, and where it is continued. */
function volumesOf(...all: readonly ExaminedFile[][]) {
  const { candidates, left } = selectSeries(all.flat(), { minSlices: 1 });
  const volumes = candidates.map(({ order: { frames }, continued }) => ({
    ends: [frames[0]!.heightMm, frames.at(-1)!.heightMm],
    slices: frames.length,
    continued: [...continued].sort().join(" "),
  }));
  return { volumes, left: left.map(({ reason, files }) => `${reason} ${files.length}`) };
}

describe("the volumes of a patient", () => {
  /** Trigger time, acquisition time, content time, instance number. */
  const madeAt = (time: number): Partial<CtFrame> => ({ order: [null, time, null, null] });

  it("keeps a longer second sweep whole, and gives no slice of it to the first one", () => {
    const first = slices("s", range(100, 20), (slice) => madeAt(slice));
    for (const second of [range(50, 60), range(50, 60).reverse(), range(100, 40)]) {
      const files = [...first, ...slices("s", second, (slice) => madeAt(1000 + slice))];
      const { candidates } = selectSeries(files, { minSlices: 1 });
      const sweeps = candidates.map(({ order }) => order.frames.map((frame) => frame.order[1]! < 1000));
      expect(sweeps.map((sweep) => new Set(sweep).size)).to.deep.equal([1, 1]);
      expect(sweeps.map(({ length }) => length)).to.have.members([20, second.length]);
    }
  });

  it("parts phases that are made one after the other at each position of the table", () => {
    for (const phases of [2, 10]) {
      const places = range(0, 20).flatMap((z) => Array.from({ length: phases }, () => z));
      const { candidates } = selectSeries(
        slices("s", places, (slice) => madeAt(slice)),
        { minSlices: 1 },
      );
      expect(candidates).to.have.length(phases);
      for (const { order } of candidates) {
        const times = order.frames.map((frame) => frame.order[1]! % phases);
        expect(new Set(times).size, `${phases} phases`).to.equal(1);
      }
    }
  });

  it("leaves slices at the same positions that nothing tells apart, and takes copies of one object", () => {
    const one = slices("s", range(0, 20)).map((file, identity) => ({ ...file, identity: identity + 1 }));
    const other = one.map((file) => ({ ...file, file: file.file + 1000, identity: file.identity + 100 }));
    expect(volumesOf(one, other)).to.deep.equal({ volumes: [], left: ["MIXED_VOLUMES 40"] });
    const copies = one.map((file) => ({ ...file, file: file.file + 1000 }));
    expect(volumesOf(one, copies).volumes.map((volume) => volume.slices)).to.deep.equal([20]);
    // One UID for all files, as some anonymisers write it, makes no copies of them.
    const same = [...one, ...other].map((file) => ({ ...file, identity: 7 }));
    expect(volumesOf(same).left).to.deep.equal(["MIXED_VOLUMES 40"]);
    const few = volumesOf(one, other.slice(0, 3));
    expect(few.volumes.map((volume) => volume.slices)).to.deep.equal([20]);
  });

  it("joins halves that overlap by some slices", () => {
    const joined = volumesOf(slices("a", range(0, 22)), slices("b", range(90, 22)));
    expect(joined.volumes).to.deep.equal([{ ends: [0, 195], slices: 40, continued: "" }]);
  });

  for (const [name, frame, more] of [
    ["another pixel size", { pixelSpacingMm: [0.8, 0.8] }, {}],
    ["another place of the table", { positionMm: [-180, -140] }, {}],
    ["another kernel", {}, { kernel: "B31f" }],
    ["another voltage", { marks: { acquisitionNumber: "1", kilovolts: "80" } }, {}],
    ["no frame of reference", {}, { frameOfReferenceUid: "" }],
    ["another study with the same frame of reference", {}, { studyUid: "2" }],
    ["a value that cannot be read", {}, { unreadable: ["RescaleSlope"] }],
  ] as const) {
    it(`knows that another series continues a half, with ${name}`, () => {
      const upper = range(100, 20).map((z): ExaminedFile => {
        const [x, y] = "positionMm" in frame ? frame.positionMm : [-180, -180];
        const [file] = slices("b", [z], () => ({ ...frame, positionMm: [x, y, z] }), more as Partial<CtInstance>);
        return file!;
      });
      const { volumes } = volumesOf(slices("a", range(0, 20)), upper);
      const lower = volumes.find(({ ends }) => ends[0] === 0);
      expect(lower).to.deep.equal({ ends: [0, 95], slices: 20, continued: "above" });
    });
  }

  it("parts slices whose rows begin elsewhere, which would lie beside each other in one stack", () => {
    const moved = (z: number): Partial<CtFrame> => ({ positionMm: [-140, -180, z] });
    const upper = range(100, 20);
    const { volumes } = volumesOf(
      slices("s", range(0, 20)),
      slices("s", upper, (slice) => moved(upper[slice]!)),
    );
    expect(volumes.map(({ continued }) => continued).sort()).to.deep.equal(["above", "below"]);
  });

  it("knows no continuation in phases of the same place, nor in another position of the patient", () => {
    const phase = (name: string) => ({ marks: { acquisitionNumber: name } });
    const both = volumesOf(
      slices("s", range(0, 20), () => phase("1")),
      slices("s", range(0, 20), () => phase("2")),
    );
    expect(both.volumes.map(({ continued }) => continued)).to.deep.equal(["", ""]);
    const prone = volumesOf(
      slices("a", range(0, 20)),
      slices("b", range(100, 20), undefined, { patientPosition: "HFP" }),
    );
    expect(prone.volumes.map(({ continued }) => continued)).to.deep.equal(["", ""]);
  });

  it("keeps slices together whose pixel sizes and thickness were rounded differently", () => {
    const rounded = range(0, 20).map((z, slice) => {
      const pixelMm = slice % 2 === 0 ? 0.703125 : 0.7;
      const marks = { acquisitionNumber: "1", thickness: slice % 2 === 0 ? "0.625" : "0.62" };
      const [file] = slices("s", [z], () => ({ pixelSpacingMm: [pixelMm, pixelMm], marks }));
      return file!;
    });
    expect(volumesOf(rounded).volumes.map((volume) => volume.slices)).to.deep.equal([20]);
  });

  it("leaves a series of which every second slice has a pixel size that cannot be read", () => {
    const odd = range(0, 40).flatMap((z, slice) => {
      const isBad = slice % 2 === 1;
      const frame = isBad ? { pixelSpacingMm: undefined } : {};
      return slices("s", [z], () => frame, { unreadable: isBad ? ["PixelSpacing"] : [] });
    });
    const { volumes, left } = volumesOf(odd);
    expect([volumes, left]).to.deep.equal([[], ["VALUE_UNREADABLE 20", "VALUE_UNREADABLE 20"]]);
  });

  it("makes no scan of one slice of a series without positions, or with one position for all", () => {
    const numbered = (slice: number): Partial<CtFrame> => ({ order: [null, null, null, slice] });
    const nowhere = slices("s", range(0, 20), (slice) => ({ ...numbered(slice), positionMm: undefined }));
    const oneplace = slices("s", range(0, 20, 0), numbered);
    expect(volumesOf(nowhere)).to.deep.equal({ volumes: [], left: ["NO_POSITION 20"] });
    expect(volumesOf(oneplace)).to.deep.equal({ volumes: [], left: ["TOO_FEW_SLICES 20"] });
    const few = slices("s", range(0, 20), (slice) => (slice < 2 ? { positionMm: undefined } : {}));
    const found = volumesOf(few);
    expect([found.volumes.map((volume) => volume.slices), found.left]).to.deep.equal([[18], ["NO_POSITION 2"]]);
  });

  it("leaves values under a palette, and takes Hounsfield units by their long name", () => {
    const palette = series("palette", 60, 1, { photometricInterpretation: "PALETTE COLOR" });
    const long = series("long", 60, 5, {}, { rescaleType: "Hounsfield Unit" });
    expect(choose(palette, long)).to.deep.equal({ chosen: "long", left: ["palette COLOUR"] });
  });
});

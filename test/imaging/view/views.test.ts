import { expect } from "chai";
import { PNG } from "pngjs";
import { examplesPng } from "../../../imaging/view/examples.ts";
import { planesPng } from "../../../imaging/view/planes.ts";
import { projectionPng, surfacePng } from "../../../imaging/view/render.ts";
import { tissuesPng } from "../../../imaging/view/tissues.ts";
import type { CtVolume } from "../../../imaging/view/volume.ts";
import { greyOf, huTable, huWindows, shownAs } from "../../../imaging/volume/hu-table.ts";

// A box of bone in air: 8 slices of 5 mm, 20 x 20 pixels of 2 mm; the bone fills the upper, front, left-of-patient corner.
const cornerPixels = boxVolume(8, 20, 20, [5, 2, 2], (s, r, c) => (s >= 4 && r < 10 && c >= 10 ? 2000 : -1000));

describe("the views of a scan", () => {
  it("show the three planes true to scale: 40 mm stay as long in every plane", () => {
    const { width, height } = PNG.sync.read(planesPng(cornerPixels, { heightPx: 80 }));
    // 40 x 40 mm axial, 40 mm high coronal and sagittal at 2 px a mm, a caption of 16 px, two gaps of 8 px.
    expect([width, height]).to.deep.equal([3 * 80 + 16, 96]);
    const flat = boxVolume(2, 20, 20, [5, 2, 2], () => 0);
    expect(PNG.sync.read(planesPng(flat, { heightPx: 80 })).width).to.equal(256);
  });

  it("draw the head up, the front up in XY, and the patient's left at the right", () => {
    const planes = PNG.sync.read(planesPng(cornerPixels, { heightPx: 80, window: huWindows.bone, at: [6, 3, 15] }));
    const grey = (x: number, y: number) => planes.data[(y * planes.width + x) * 4];
    expect(grey(60, 16 + 20), "XY front left of the patient").to.equal(255);
    expect(grey(20, 16 + 20), "XY front right of the patient").to.equal(0);
    expect(grey(60, 16 + 60), "XY back").to.equal(0);
    expect(grey(88 + 60, 16 + 20), "XZ head").to.equal(255);
    expect(grey(88 + 60, 16 + 60), "XZ feet").to.equal(0);
    expect(grey(176 + 20, 16 + 20), "YZ head, front").to.equal(255);
    expect(grey(176 + 60, 16 + 20), "YZ head, back").to.equal(0);
  });

  it("project and render from the front with the patient's left at the right and the head up", () => {
    for (const png of [
      projectionPng(cornerPixels, { heightPx: 40 }),
      surfacePng(cornerPixels, { heightPx: 40, range: shownAs.bone }),
    ]) {
      const { width, height, data } = PNG.sync.read(png);
      const lit = (x: number, y: number) => data[(y * width + x) * 4]! > 40;
      expect(lit(Math.round(width * 0.6), Math.round(height * 0.25))).to.equal(true);
      expect(lit(Math.round(width * 0.4), Math.round(height * 0.25))).to.equal(false);
      expect(lit(Math.round(width * 0.6), Math.round(height * 0.75))).to.equal(false);
    }
  });

  it("hide voxels outside a mask", () => {
    const nothing = surfacePng(cornerPixels, {
      heightPx: 20,
      range: shownAs.bone,
      masked: new Uint8Array(cornerPixels.hu.length),
    });
    const { data } = PNG.sync.read(nothing);
    expect(data.every((value, at) => at % 4 === 3 || value === 0)).to.equal(true);
  });

  it("list example scans below each other, one row each", () => {
    const sheet = PNG.sync.read(
      examplesPng(
        [
          { volume: cornerPixels, label: "positive" },
          { volume: cornerPixels, label: "negative" },
        ],
        { across: 3, tilePx: 32 },
      ),
    );
    expect([sheet.width, sheet.height]).to.deep.equal([96, 2 * 48]);
    expect(PNG.sync.read(tissuesPng(cornerPixels, { tilePx: 32 })).width).to.equal(64);
  });

  it("show lung and bone as in the printed table, and neither as the other", () => {
    const holds = (outer: { low: number; high: number }, inner: { low: number; high: number }) =>
      outer.low <= inner.low && inner.high <= outer.high;
    expect(holds(shownAs.lung, huTable.lungs)).to.equal(true);
    expect(holds(shownAs.bone, huTable.bone)).to.equal(true);
    for (const tissue of ["air", "fat", "water", "blood", "muscle", "liver"] as const) {
      expect(holds(shownAs.lung, huTable[tissue]) || holds(shownAs.bone, huTable[tissue]), tissue).to.equal(false);
    }
  });

  it("map the ends of a window to black and white and its centre to the middle", () => {
    expect([-1350, -600, 150].map((hu) => greyOf(hu, huWindows.lung))).to.deep.equal([0, 128, 255]);
    expect(greyOf(-5000, huWindows.lung)).to.equal(0);
    expect(greyOf(3071, huWindows.lung)).to.equal(255);
  });
});

function boxVolume(
  slices: number,
  rows: number,
  columns: number,
  spacingMm: CtVolume["spacingMm"],
  at: (s: number, r: number, c: number) => number,
): CtVolume {
  const hu = new Int16Array(slices * rows * columns);
  for (let index = 0; index < hu.length; index++) {
    hu[index] = at(Math.floor(index / (rows * columns)), Math.floor(index / columns) % rows, index % columns);
  }
  return { hu, slices, rows, columns, spacingMm };
}

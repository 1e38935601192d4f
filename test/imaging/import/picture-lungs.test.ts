import { expect } from "chai";
import { normalisePictures, workingPlane } from "../../../imaging/import/normalise-pictures.ts";
import { lungHu, lungsInPictures } from "../../../imaging/import/picture-lungs.ts";
import { synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";
import type { Plane } from "../../../imaging/volume/geometry.ts";

const shape = { height: 64, width: 64, windows: ["lung" as const], fieldMm: 320, sliceMm: 10, maxSlices: 24 };

/** The windows in which people save slices, as lowest and highest HU. */
const windows = { lung: [-1350, 150], wide: [-1000, 1000], all: [-1024, 3071], narrow: [-900, 100] } as const;

describe("lungs in pictures", () => {
  const scan = synthesiseScan({ seed: 21, index: 1, positive: false, matrix: 128, slices: [12, 12] });
  const { rows, columns, slices } = scan.geometry;
  const area = rows * columns;
  const middle = Math.floor(slices / 2);

  /** One slice as a picture in the window [low, high]. */
  function picture(low: number, high: number, slice: number, change = (hu: number) => hu): Plane {
    const hu = scan.hu.subarray(slice * area, (slice + 1) * area);
    const grey = Uint8Array.from(hu, (value) =>
      Math.max(0, Math.min(255, ((change(value) - low) / (high - low)) * 255)),
    );
    return workingPlane({ grey, rows, columns, colouredShare: 0 }, shape);
  }

  for (const [name, [low, high]] of Object.entries(windows)) {
    it(`gives Hounsfield units back to a slice in the window "${name}"`, () => {
      const found = lungsInPictures([picture(low, high, middle)])!;
      const huOf = (grey: number) => lungHu + (grey - found.scale.lungGrey) * found.scale.huPerGrey;
      const greyOf = (hu: number) => Math.max(0, Math.min(255, ((hu - low) / (high - low)) * 255));
      for (const hu of [-850, -600, -300, 0]) expect(huOf(greyOf(hu)), `${hu} HU`).to.be.closeTo(hu, 110);
    });
  }

  it("shows the same lungs whatever the window", () => {
    const shown = Object.values(windows).map(([low, high]) => {
      const planes = [middle - 2, middle, middle + 2].map((slice) => picture(low, high, slice));
      const normal = normalisePictures(planes, shape);
      expect([normal.slices, normal.isHuEstimated]).to.deep.equal([3, true]);
      return normal.pixels;
    });
    for (const pixels of shown.slice(1)) {
      const apart = pixels.map((value, at) => Math.abs(value - shown[0]![at]!));
      expect(apart.reduce((sum, one) => sum + one, 0) / apart.length).to.be.below(12);
    }
  });

  it("takes disease for disease: dense patches move neither the scale nor the field", () => {
    const healthy = lungsInPictures([picture(-1000, 1000, middle)])!;
    // Of every second pixel of lung a denser one.
    let at = 0;
    const ill = (hu: number) => (hu < -700 && hu > -950 && at++ % 2 === 0 ? -500 : hu);
    const diseased = lungsInPictures([picture(-1000, 1000, middle, ill)])!;
    expect(diseased.scale.lungGrey).to.be.closeTo(healthy.scale.lungGrey, 4);
    expect(diseased.field.sideMm / healthy.field.sideMm).to.be.closeTo(1, 0.1);
  });

  it("leaves grey values as they are where no lungs are found", () => {
    const bright = picture(-1350, 150, middle, (hu) => (hu < -300 && hu > -1000 ? 20 : hu));
    expect(lungsInPictures([bright])).to.equal(undefined);
    const normal = normalisePictures([bright], shape);
    expect(normal.isHuEstimated).to.equal(false);
    expect(Math.max(...normal.pixels)).to.be.above(200);
  });
});

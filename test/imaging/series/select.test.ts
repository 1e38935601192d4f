import { expect } from "chai";
import { orderSeries } from "../../../imaging/series/order.ts";
import { selectSeries } from "../../../imaging/series/select.ts";
import { choose, coronal, frameAt, series } from "./header-series.ts";

describe("choosing and ordering a series", () => {
  it("prefers thin slices, then a lung kernel, but neither to a scan of the whole chest", () => {
    expect(choose(series("thick", 60, 5), series("thin", 240, 1.25))).to.deep.equal({
      chosen: "thin",
      left: ["thick ANOTHER_PREFERRED"],
    });
    expect(choose(series("soft", 60, 5), series("lung", 60, 5, { kernel: "B70f" })).chosen).to.equal("lung");
    expect(choose(series("piece", 20, 1), series("whole", 60, 5)).chosen).to.equal("whole");
  });

  it("gives the reason for each series that it leaves", () => {
    const { chosen, left } = choose(
      series("chest", 60, 5),
      series("scout", 3, 1, { imageType: ["ORIGINAL", "PRIMARY", "LOCALIZER"] }),
      series("mip", 30, 3, { imageType: ["DERIVED", "SECONDARY", "MIP"] }),
      series("colour", 30, 3, { samplesPerPixel: 3 }),
      series("coronal", 30, 3, {}, { orientation: coronal }),
      series("iodine", 60, 5, {}, { rescaleType: "MGML" }),
      series("pet", 60, 5, { modality: "PT" }),
      series("report", 1, 1, { hasPixels: false, frames: [] }),
      series("head", 60, 5, { bodyPart: "HEAD" }),
      series("two", 2, 5),
      series("nowhere", 5, 5, {}, { positionMm: undefined }),
    );
    expect(chosen).to.equal("chest");
    expect(left).to.deep.equal([
      "colour COLOUR",
      "coronal NOT_AXIAL",
      "head OTHER_BODY_PART",
      "iodine NOT_HU",
      "mip DERIVED",
      "nowhere NO_POSITION",
      "pet NOT_CT",
      "report NOT_CT",
      "scout LOCALIZER",
      "two TOO_FEW_SLICES",
    ]);
  });

  it("leaves an enhanced file whose frames claim pixels of several sizes", () => {
    const frames = Array.from({ length: 60 }, (_, at) =>
      frameAt(at, { pixelSpacingMm: at < 30 ? [0.7, 0.7] : [0.5, 0.5] }),
    );
    const found = choose(series("odd", 1, 1, { frames }), series("even", 60, 1));
    expect(found).to.deep.equal({ chosen: "even", left: ["odd MIXED_PIXEL_SIZES"] });
  });

  it("separates grids, kernels, directions and repeated passes of one series", () => {
    const mixed = [
      ...series("one", 60, 5),
      ...series("one", 60, 5, { kernel: "B70f" }),
      ...series("one", 4, 5, { rows: 256, columns: 256 }),
    ];
    const { candidates } = selectSeries(mixed, { minSlices: 3 });
    expect(candidates.map(({ order }) => order.frames.length)).to.deep.equal([60, 60, 4]);
    expect(candidates[0]!.files[0]?.instance.kernel).to.equal("B70f");
    const passes = [...series("p", 40, 5), ...series("p", 40, 5, {}, { marks: { acquisitionNumber: "2" } })];
    const again = selectSeries(passes, { minSlices: 3 });
    expect(again.candidates.map(({ order }) => [order.frames.length, order.repeated.length])).to.deep.equal([
      [40, 0],
      [40, 0],
    ]);
  });

  it("orders by height from the feet, drops a repeated position, and distinguishes gaps from another distance", () => {
    const place = (heights: readonly number[]) =>
      orderSeries(heights.map((z, file) => ({ ...frameAt(z), file, frame: 0 })));
    const gap = place([30, 0, 10, 20, 20, 60, 50, 70]);
    expect(gap.frames.map(({ heightMm }) => heightMm)).to.deep.equal([0, 10, 20, 30, 50, 60, 70]);
    expect([gap.spacingMm, gap.repeated.length, gap.gaps, gap.isMixed]).to.deep.equal([10, 1, 1, false]);
    const mixed = place([0, 5, 10, 15, 20, 30, 40, 50]);
    expect([mixed.gaps, mixed.isMixed]).to.deep.equal([0, true]);
  });

  it("puts the head up also if rows or columns run the other way, and measures a tilt", () => {
    const flipped = [30, 0, 10].map((z, file) => ({
      ...frameAt(z, { orientation: [-1, 0, 0, 0, 1, 0] }),
      file,
      frame: 0,
    }));
    expect(orderSeries(flipped).frames.map(({ positionMm }) => positionMm![2])).to.deep.equal([0, 10, 30]);
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const tilted = [0, 10, 20].map((z, file) => ({
      ...frameAt(z, { orientation: [1, 0, 0, 0, c, s] }),
      file,
      frame: 0,
    }));
    const order = orderSeries(tilted);
    expect(order.tiltDegrees).to.be.closeTo((0.3 * 180) / Math.PI, 1e-6);
    expect(order.spacingMm).to.be.closeTo(10 * c, 1e-6);
  });
});

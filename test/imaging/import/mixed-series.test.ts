import { expect } from "chai";
import type { SeriesOptions } from "./phantom-series.ts";
import { binary, openSeriesImports, other, type SeriesImports, scan, text } from "./series-imports.ts";

const { slices, spacingMm } = scan.geometry;

describe("one volume out of what archives mix", () => {
  let imports: SeriesImports;
  let plain: string;
  const importOf: SeriesImports["importOf"] = (...series) => imports.importOf(...series);
  before(async () => {
    imports = await openSeriesImports();
    plain = (await importOf({})).pixels[0]!;
  });
  after(() => imports.remove());

  const below = Array.from({ length: slices / 2 }, (_, slice) => slice);
  const above = below.map((slice) => slice + slices / 2);

  for (const [name, first, second] of [
    ["temporal positions", text("00200100", "IS", "1"), text("00200100", "IS", "2")],
    ["phases of the heart", text("00209241", "DS", "40"), text("00209241", "DS", "70.0")],
    ["trigger times", text("00181060", "DS", "400"), text("00181060", "DS", "700")],
    ["acquisitions", text("00200012", "IS", "1"), text("00200012", "IS", "2")],
    ["times of the content", text("00080033", "TM", "101010.5"), text("00080033", "TM", "101210")],
    ["tube voltages", text("00180060", "DS", "80"), text("00180060", "DS", "140")],
    [
      "image types",
      text("00080008", "CS", "ORIGINAL\\PRIMARY\\AXIAL\\A"),
      text("00080008", "CS", "ORIGINAL\\PRIMARY\\AXIAL\\B"),
    ],
    ["numbers of series", text("00200011", "IS", "5"), text("00200011", "IS", "6")],
    ["events of irradiation", text("00083010", "UI", "2.25.1"), text("00083010", "UI", "2.25.2")],
    ["phases of the breath, as binary numbers", binary("00209245", 0), binary("00209245", 50)],
    ["comments", text("00204000", "LT", "gated 0%"), text("00204000", "LT", "gated 50%")],
    ["dates of the acquisition", text("00080022", "DA", "20200301"), text("00080022", "DA", "20200901")],
    ["protocols", text("00181030", "LO", "Inspiration"), text("00181030", "LO", "Thorax exsp")],
    ["contrast agent", {}, text("00180010", "LO", "APPLIED")],
  ] as const) {
    it(`takes one of two volumes that one series has at the same positions, by ${name}`, async () => {
      const alone = (await importOf({ elements: () => first })).pixels;
      const { pixels, codes } = await importOf({ elements: () => first }, { ...other, elements: () => second });
      expect([pixels, codes]).to.deep.equal([alone, ["series ANOTHER_PREFERRED"]]);
    });
  }

  it("parts volumes whose times or numbers differ from slice to slice", async () => {
    for (const elements of [
      (pass: number) => (slice: number) => text("00080032", "TM", `1010${10 + slice}.${pass}`),
      (pass: number) => (slice: number) => text("00181060", "DS", String(400 * pass + slice)),
      (pass: number) => (slice: number) => text("00200013", "IS", String(slices * pass + slice)),
    ]) {
      const { pixels, codes } = await importOf({ elements: elements(0) }, { ...other, elements: elements(1) });
      expect([pixels, codes]).to.deep.equal([[plain], ["series ANOTHER_PREFERRED"]]);
    }
  });

  it("refuses phases of each position of which one is lost, since their order no longer says which", async () => {
    for (const lost of [0, 4]) {
      const phases = [0, 1, 2].map((phase) => ({
        addHu: 25 * phase,
        slices: Array.from({ length: slices }, (_, slice) => slice).filter((slice) => phase > 0 || slice !== lost),
        elements: (slice: number) => text("00200013", "IS", String(3 * slice + phase + 1)),
      }));
      expect((await importOf(...phases)).pixels).to.deep.equal([]);
    }
  });

  it("refuses a chest of which a third is missing in the middle, in one series and in two", async () => {
    const [low, high] = [below.slice(0, slices / 3), above.slice(-slices / 3)];
    expect((await importOf({ slices: [...low, ...high] })).pixels).to.deep.equal([]);
    expect((await importOf({ slices: low }, { slices: high, series: "2.25.3" })).pixels).to.deep.equal([]);
    // A pelvis that was scanned with the chest is no part of it.
    expect((await importOf({}, { slices: low, upMm: -400 })).pixels).to.deep.equal([plain]);
  });

  it("refuses two volumes of one series that nothing tells apart, and takes a whole series of the same patient", async () => {
    expect(await importOf({}, other)).to.deep.include({ pixels: [] });
    const { pixels, codes } = await importOf({}, other, { series: "2.25.9" });
    expect([pixels, codes]).to.deep.equal([[plain], ["series MIXED_VOLUMES"]]);
  });

  it("refuses half of a chest whose other half has another pixel size", async () => {
    const wider = { slices: above, series: "2.25.3", elements: () => text("00280030", "DS", "6\\6") };
    expect((await importOf({ slices: below }, wider)).pixels).to.deep.equal([]);
  });

  it("parts acquisitions whose slices lie between each other's", async () => {
    const acquisition = (number: string) => () => text("00200012", "IS", number);
    const { pixels, codes } = await importOf(
      { elements: acquisition("1") },
      { ...other, upMm: spacingMm[0] / 2, elements: acquisition("2") },
    );
    expect([pixels, codes]).to.deep.equal([[plain], ["series ANOTHER_PREFERRED"]]);
  });

  it("keeps blocks of slices together that are acquisitions of their own", async () => {
    const { pixels, codes } = await importOf({
      elements: (slice) => ({
        ...text("00200012", "IS", String(1 + Math.floor(slice / 3))),
        ...text("00080033", "TM", `10${10 + Math.floor(slice / 3)}00`),
      }),
    });
    expect([pixels, codes]).to.deep.equal([[plain], []]);
  });

  it("joins one acquisition under several series, down to one a slice", async () => {
    const halves = await importOf({ slices: below }, { slices: above, series: "2.25.3" });
    expect([halves.pixels, halves.codes]).to.deep.equal([[plain], []]);
    const thirds = [0, 1, 2].map((part) => ({
      series: `2.25.1${part}`,
      slices: Array.from({ length: slices / 3 }, (_, slice) => slice + (part * slices) / 3),
    }));
    expect((await importOf(...thirds)).pixels).to.deep.equal([plain]);
    const single = Array.from({ length: slices }, (_, slice) => ({ series: `2.25.10${slice}`, slices: [slice] }));
    expect((await importOf(...single)).pixels).to.deep.equal([plain]);
  });

  it("joins slices of one acquisition that were dealt out over series, and refuses those of which nothing says it", async () => {
    const dealt = (parts: number, elements: SeriesOptions["elements"]) =>
      Array.from({ length: parts }, (_, part) => ({
        series: `2.25.2${part}`,
        slices: Array.from({ length: slices / parts }, (_, slice) => slice * parts + part),
        elements,
      }));
    const numberless = (slice: number) => text("00200013", "IS", String(Math.floor(slice / 2)));
    const timed = (slice: number) => ({ ...numberless(slice), ...text("00080032", "TM", `1010${10 + slice}`) });
    const breaths = (slice: number) => ({ ...numberless(slice), ...text("00080032", "TM", `10${10 + (slice % 2)}00`) });
    for (const series of [dealt(2, undefined), dealt(3, undefined), dealt(2, timed)])
      expect((await importOf(...series)).pixels).to.deep.equal([plain]);
    expect((await importOf(...dealt(2, numberless))).pixels).to.deep.equal([]);
    // In inspiration and in expiration: two scans, of which one is taken.
    const two = await importOf(...dealt(2, breaths));
    expect([two.facts?.storedSlices, two.codes]).to.deep.equal([slices / 2, ["series ANOTHER_PREFERRED"]]);
  });

  it("takes slices that have a study and a series each for those of one", async () => {
    const elements = (slice: number) => ({
      ...text("0020000D", "UI", `2.25.7${slice}`),
      ...text("0020000E", "UI", `2.25.8${slice}`),
      ...text("00200052", "UI", `2.25.9${slice}`),
    });
    expect((await importOf({ elements })).pixels).to.deep.equal([plain]);
  });

  it("refuses halves that nothing ties together, and takes a whole series of the same patient", async () => {
    const frame = () => text("00200052", "UI", "2.25.77");
    const acquisition = () => text("00200012", "IS", "9");
    for (const elements of [frame, acquisition]) {
      const halves = [{ slices: below }, { slices: above, series: "2.25.3", elements }];
      expect((await importOf(...halves)).pixels).to.deep.equal([]);
      const whole = { series: "2.25.9", elements: () => text("00181210", "SH", "B31f") };
      const alone = (await importOf(whole)).pixels;
      expect((await importOf(...halves, whole)).pixels).to.deep.equal(alone);
    }
  });

  it("keeps all slices where noise lies around a limit of rounding", async () => {
    const sign = (slice: number) => (slice % 2 === 0 ? 1 : -1);
    const { pixels, facts } = await importOf({
      elements: (slice) => {
        const tilt = 0.025 + sign(slice) * 2e-6;
        const pixelMm = 6.7725 + sign(slice) * 1e-7;
        return {
          ...text(
            "00200037",
            "DS",
            `${Math.sqrt(1 - tilt ** 2).toFixed(9)}\\${tilt.toFixed(9)}\\0\\${-tilt.toFixed(9)}\\1\\0`,
          ),
          ...text("00280030", "DS", `${pixelMm.toFixed(7)}\\${pixelMm.toFixed(7)}`),
          ...text("00180050", "DS", (1.25 + sign(slice) * 1e-6).toFixed(6)),
        };
      },
    });
    expect([pixels.length, facts?.storedSlices]).to.deep.equal([1, slices]);
  });
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { explicitLittle, implicitLittle } from "../../../imaging/dicom/write-part10.ts";
import { storageOf } from "../../../imaging/phantom/ct-instance.ts";
import { openSeriesImports, other, type SeriesImports, scan, text } from "./series-imports.ts";

const { slices, spacingMm, rows } = scan.geometry;

describe("a series by what its headers say", () => {
  let imports: SeriesImports;
  let plain: string;
  const importOf: SeriesImports["importOf"] = (...series) => imports.importOf(...series);
  before(async () => {
    imports = await openSeriesImports();
    plain = (await importOf({})).pixels[0]!;
  });
  after(() => imports.remove());

  it("reads decimal commas, and refuses by name what it cannot read", async () => {
    const [, rowMm, columnMm] = spacingMm.map((mm) => String(Number(mm.toFixed(6))));
    const commas = await importOf({
      elements: () => ({
        ...text("00281053", "DS", "1,0"),
        ...text("00280030", "DS", `${rowMm},${columnMm}`),
      }),
    });
    expect(commas.pixels).to.deep.equal([plain]);
    const whole = { series: "2.25.9", elements: () => text("00181210", "SH", "B31f") };
    const { pixels, codes } = await importOf(whole, { elements: () => text("00281053", "DS", "one") });
    expect(pixels).to.have.length(1);
    expect(codes).to.deep.equal(["series VALUE_UNREADABLE"]);
    // Two slopes are none; the same one twice is one.
    expect((await importOf({ elements: () => text("00281053", "DS", "1\\2") })).pixels).to.deep.equal([]);
    expect((await importOf({ elements: () => text("00281053", "DS", "1\\1.0") })).pixels).to.deep.equal([plain]);
  });

  it("keeps all slices of one series whose rows begin now here, now there, by less than a millimetre", async () => {
    const [x, y, z] = scan.geometry.originMm;
    const elements = (slice: number) =>
      text(
        "00200032",
        "DS",
        [x + (slice % 2 ? 0.3 : -0.3), y, z + slice * spacingMm[0]].map((mm) => mm.toFixed(4)).join("\\"),
      );
    expect((await importOf({ elements })).pixels).to.deep.equal([plain]);
    // Two acquisitions that interleave, by their times alone.
    const timed = (time: string) => () => text("00080033", "TM", time);
    const two = await importOf(
      { elements: timed("101010") },
      { ...other, upMm: spacingMm[0] / 2, elements: timed("101210") },
    );
    expect([two.pixels, two.codes]).to.deep.equal([[plain], ["series ANOTHER_PREFERRED"]]);
  });

  it("refuses a series of which every second slice lacks its pixel size, its direction or its body part", async () => {
    for (const [tag, vr, value] of [
      ["00280030", "DS", ""],
      ["00200037", "DS", ""],
      ["00180015", "CS", "NECK"],
    ] as const) {
      const elements = (slice: number) =>
        slice % 2 || (vr === "CS" && slice < slices / 2) ? text(tag, vr, value) : {};
      expect((await importOf({ elements })).pixels, tag).to.deep.equal([]);
    }
  });

  it("refuses a table of Hounsfield units in the place of slope and intercept", async () => {
    const table = new Map([["00283006", { vr: "OW", value: new Uint8Array(8192) }]]);
    const none = { ...text("00281052", "DS", ""), ...text("00281053", "DS", "") };
    const elements = () => ({ ...none, "00283000": ["SQ", [table]] as const });
    expect((await importOf({ elements })).pixels).to.deep.equal([]);
  });

  it("reads numbers that were written as binary ones, and takes none of them for absent", async () => {
    const { intercept } = storageOf(scan.acquisition.manufacturer);
    const binary = {
      "00281052": ["SS", [intercept]],
      "00281053": ["FD", [1]],
      "00280030": ["FD", spacingMm.slice(1)],
    } as const;
    const { pixels } = await importOf({ elements: () => binary });
    expect(pixels).to.deep.equal([plain]);
    const bytes = { "00281052": ["UN", new Uint8Array([0, 252])] } as const;
    expect((await importOf({ elements: () => bytes })).pixels).to.deep.equal([]);
  });

  it("reads JPEG 2000 by the codestream's own precision and sign where the header says otherwise", async () => {
    const scanner = { bitsAllocated: 16, signed: false, slope: "1", intercept: -1024, padding: undefined } as const;
    const bright = { boneHu: 1400 };
    const right = (await importOf({ ...bright, storage: { ...scanner, bitsStored: 12 } })).pixels;
    expect(right).to.have.length(1);
    for (const bitsStored of [12, 16]) {
      const storage = { ...scanner, bitsStored };
      const header = { "00280101": ["US", [12]], "00280102": ["US", [11]], "00280103": ["US", [1]] } as const;
      const { pixels } = await importOf({ ...bright, storage, encoding: "jpeg-2000", elements: () => header });
      expect(pixels, `${bitsStored} bits`).to.deep.equal(right);
    }
    // HU as they are, with a sign, under a header that has none.
    const storage = { ...scanner, bitsStored: 13, signed: true, intercept: 0 };
    const elements = () => ({ "00280103": ["US", [0]] as const });
    const { pixels } = await importOf({ ...bright, storage, encoding: "jpeg-2000", elements });
    expect(pixels).to.deep.equal((await importOf({ ...bright, storage })).pixels);
  });

  it("reads no bone as air where the header's sign is contradicted by the intercept", async () => {
    const scanner = { bitsAllocated: 16, slope: "1", padding: undefined } as const;
    const bright = { boneHu: 1400 };
    const signed = { ...scanner, bitsStored: 16, signed: true, intercept: 0 };
    const right = (await importOf({ ...bright, storage: signed })).pixels;
    expect(right).to.have.length(1);
    // Offset binary, whose values need all 16 bits.
    const storage = { ...scanner, bitsStored: 16, signed: false, intercept: -32768 };
    const claimed = () => ({ "00280103": ["US", [1]] as const });
    for (const encoding of ["explicit-little", "jpeg-2000", "jpeg-ls", "rle"] as const)
      expect((await importOf({ ...bright, storage, encoding, elements: claimed })).pixels, encoding).to.deep.equal(
        right,
      );
    // An overlay in the bits above twelve, which are no sign then.
    const twelve = { ...scanner, bitsStored: 12, signed: false, intercept: -1024 };
    const plainBits = (await importOf({ ...bright, storage: twelve })).pixels;
    const overlaid = (word: number, at: number) => (at % 5 === 0 ? word | 0x8000 : word);
    expect((await importOf({ ...bright, storage: twelve, elements: claimed, words: overlaid })).pixels).to.deep.equal(
      plainBits,
    );
    // No bits above them: nothing says whether there is a sign.
    const atTop = () => ({ "00280102": ["US", [15]] as const });
    const moved = (word: number) => word << 4;
    expect((await importOf({ ...bright, storage: twelve, elements: atTop, words: moved })).pixels).to.deep.equal(
      plainBits,
    );
    const doubtful = () => ({ ...atTop(), ...claimed() });
    expect((await importOf({ ...bright, storage: twelve, elements: doubtful, words: moved })).pixels).to.deep.equal([]);
  });

  it("takes a derived or reformatted axial series that is the only one, and not beside an original", async () => {
    const elements = () => text("00080008", "CS", "DERIVED\\SECONDARY\\MPR");
    expect((await importOf({ elements })).pixels).to.deep.equal([plain]);
    const both = await importOf({}, { ...other, series: "2.25.3", elements });
    expect([both.pixels, both.codes]).to.deep.equal([[plain], ["series ANOTHER_PREFERRED"]]);
  });

  it("takes no projection, by its image type or its description, and none for the slices it is made of", async () => {
    for (const elements of [
      () => text("00080008", "CS", "DERIVED\\SECONDARY\\AXIAL\\MINIP"),
      () => text("0008103E", "LO", "Lung MIP 8mm"),
    ])
      expect((await importOf({ elements })).pixels).to.deep.equal([]);
    expect((await importOf({ elements: () => text("0008103E", "LO", "1mm for MIP") })).pixels).to.deep.equal([plain]);
  });

  it("takes a series whose body part names the chest among others, in the file's character set", async () => {
    const cyrillic = { "00080005": ["CS", "ISO_IR 192"], "00180015": ["CS", Buffer.from("голова и грудь")] } as const;
    for (const elements of [() => text("00180015", "CS", "TORAX-ABD-PELVIS"), () => cyrillic])
      expect((await importOf({ elements })).pixels).to.deep.equal([plain]);
  });

  it("reads an implicit data set under a header that declares an explicit one", async () => {
    const { pixels } = await importOf({ syntax: { ...implicitLittle, uid: explicitLittle.uid } });
    expect(pixels).to.deep.equal([plain]);
  });

  it("copies no word into the shard that is not a maker's own", async () => {
    const typed = {
      "00080070": ["LO", "MEIER"],
      "00081090": ["LO", "ANNA 1960"],
      "00181210": ["SH", "MEIER ANNA"],
    } as const;
    const { dir, pixels, facts } = await importOf({ elements: () => typed });
    expect(pixels).to.have.length(1);
    for (const name of ["shard.json", "card.json", "card.html", "quarantine.json"])
      expect(await readFile(join(dir, "shard", name), "utf8").catch(() => "")).not.to.match(/MEIER|ANNA/i);
    for (const word of [facts?.manufacturer, facts?.model, facts?.kernel]) expect(word).to.match(/^[0-9a-f]{16}$/);
    expect(rows).to.equal(64);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { hounsfieldTable, storedValue, toHounsfield } from "../../../imaging/dicom/hounsfield.ts";
import { inMemory } from "../../../imaging/dicom/pixel-data.ts";

const plain = {
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  isSigned: true,
  pixelPaddingValue: undefined as number | undefined,
  pixelPaddingLimit: undefined as number | undefined,
};
const rescale = (rescaleSlope: number, rescaleIntercept: number) => ({ rescaleSlope, rescaleIntercept });

describe("from stored words to HU", () => {
  it("rescales, rounds and clamps to -1024 and 3071", () => {
    const stored = [0, 1024, 1064, 5000, -100, -170];
    expect(huOf(stored, plain, rescale(1, -1024))).to.deep.equal([-1024, 0, 40, 3071, -1024, -1024]);
    expect(huOf([0, 2047, 2535], plain, rescale(2.0002442, -4047))).to.deep.equal([-1000, 47, 1024]);
    expect(huOf([1000, 1001], plain, rescale(0.5, 0))).to.deep.equal([500, 501]);
  });

  it("makes padding and pixels outside the round field -1000", () => {
    const padded = { ...plain, pixelPaddingValue: -2000 };
    expect(huOf([-2000, -1999, 1024], padded, rescale(1, -1024))).to.deep.equal([-1000, -1000, 0]);
    expect(huOf([-2000, -1100], plain, rescale(1, 0))).to.deep.equal([-1000, -1024]);
    expect(huOf([500, 501], { ...plain, pixelPaddingValue: 500 }, rescale(1, 0))).to.deep.equal([-1000, 501]);
  });

  it("takes a range of padding values, whichever end is named first", () => {
    for (const [pixelPaddingValue, pixelPaddingLimit] of [
      [10, 20],
      [20, 10],
    ])
      expect(
        huOf([9, 10, 15, 20, 21], { ...plain, pixelPaddingValue, pixelPaddingLimit }, rescale(1, 0)),
      ).to.deep.equal([9, -1000, -1000, -1000, 21]);
  });

  it("extends the sign from the bits stored and drops the bits above and below them", () => {
    const signed12 = { ...plain, bitsStored: 12, highBit: 11 };
    expect([0x0fff, 0x0800, 0x07ff, 0xf001].map((word) => storedValue(signed12, word))).to.deep.equal([
      -1, -2048, 2047, 1,
    ]);
    const unsigned12 = { ...signed12, isSigned: false };
    expect(storedValue(unsigned12, 0x1fff)).to.equal(4095);
    expect(storedValue({ ...unsigned12, highBit: 15 }, 0xfff0)).to.equal(4095);
  });

  it("reads values that have no sign under a header that names one, unless the bits above them repeat it", () => {
    const layout = { ...plain, bitsStored: 12, highBit: 11, isSignExtended: true, pixelPaddingValue: -2000 };
    const words = [1024, 3024, 2048, -1, -100, -2000, -2000 & 0xfff];
    expect(huOf(words, layout, rescale(1, -1024))).to.deep.equal([0, 2000, 1024, -1024, -1024, -1000, -1000]);
  });

  it("recognises padding that does not fit in the bits stored", () => {
    const layout = { ...plain, bitsStored: 12, highBit: 11, isSigned: false, pixelPaddingValue: 63536 };
    expect(huOf([63536, 1024], layout, rescale(1, -1024))).to.deep.equal([-1000, 0]);
  });

  it("gives by the kernel the table's HU, for every word and any layout", () => {
    const every = Uint16Array.from({ length: 2 ** 18 + 40_000 }, (_, at) => at);
    const layouts = fc
      .record({
        bitsStored: fc.oneof(fc.constantFrom(16, 12), fc.integer({ min: 1, max: 16 })),
        above: fc.oneof(fc.constant(0), fc.nat(15)),
        isSigned: fc.boolean(),
        padding: fc.option(fc.nat(65535), { nil: undefined }),
        intercept: fc.oneof(fc.constantFrom(-1024, 0, -8192), fc.integer({ min: -32767, max: 32767 })),
      })
      .map(({ bitsStored, above, isSigned, padding, intercept }) => ({
        layout: {
          ...plain,
          bitsStored,
          highBit: Math.min(15, bitsStored - 1 + above),
          isSigned,
          pixelPaddingValue: padding !== undefined && isSigned ? padding - 32768 : padding,
        },
        intercept,
      }));
    fc.assert(
      fc.property(layouts, ({ layout, intercept }) => {
        const table = hounsfieldTable(layout, rescale(1, intercept));
        const hu = new Int16Array(every.length);
        toHounsfield(wordsOf(every), layout, rescale(1, intercept), hu);
        return hu.every((value, at) => value === table[every[at]!]);
      }),
      { seed: 4, numRuns: 150 },
    );
  });
});

function huOf(stored: readonly number[], layout: typeof plain, frame: ReturnType<typeof rescale>): number[] {
  // Odd lengths: the kernel takes eight words a turn.
  const hu = new Int16Array(stored.length);
  toHounsfield(wordsOf(Uint16Array.from(stored)), layout, frame, hu);
  return [...hu];
}

function wordsOf(words: Uint16Array) {
  return { bytesPerWord: 2, read: inMemory(new Uint8Array(words.buffer)).read } as const;
}

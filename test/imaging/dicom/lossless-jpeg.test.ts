import { expect } from "chai";
import codecs from "dcmjs-codecs";
import fc from "fast-check";
import { decodeLosslessJpeg } from "../../../imaging/dicom/decode-lossless-jpeg.ts";
import { loadEncoders } from "../../../imaging/phantom/encodings.ts";

const { Context, NativeCodecs } = codecs;

describe("JPEG lossless", () => {
  before(() => loadEncoders(["jpeg-lossless"]));

  it("decodes what libjpeg encodes, with every predictor, in 8 and 12 bits", () => {
    for (const bits of [8, 12]) {
      const words = picture(31, 17, bits);
      for (let predictor = 1; predictor <= 7; predictor++) {
        const bytes = encodeByLibjpeg(words, { rows: 31, columns: 17, bits, predictor });
        expect(decodeLosslessJpeg(bytes, 31, 17), `predictor ${predictor}, ${bits} bits`).to.deep.equal(words);
      }
    }
  });

  it("decodes 2 to 16 bits, any predictor, restarts and point transforms", () => {
    const images = fc
      .record({
        rows: fc.integer({ min: 1, max: 9 }),
        columns: fc.integer({ min: 1, max: 9 }),
        precision: fc.integer({ min: 2, max: 16 }),
        predictor: fc.integer({ min: 1, max: 7 }),
        restartRows: fc.constantFrom(0, 1, 2, 3),
        pointTransform: fc.constantFrom(0, 0, 1),
      })
      .chain((shape) =>
        fc
          .array(fc.nat(2 ** shape.precision - 1), {
            minLength: shape.rows * shape.columns,
            maxLength: shape.rows * shape.columns,
          })
          .map((pixels) => ({
            shape,
            words: Uint16Array.from(pixels, (word) => word & ~((1 << shape.pointTransform) - 1)),
          })),
      );
    fc.assert(
      fc.property(images, ({ shape, words }) => {
        const decoded = decodeLosslessJpeg(encodeSimply(words, shape), shape.rows, shape.columns);
        expect(decoded).to.deep.equal(words);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it("decodes rows of any length whose differences are small, large, and both in turn", () => {
    const images = fc
      .record({
        rows: fc.integer({ min: 1, max: 5 }),
        columns: fc.integer({ min: 1, max: 70 }),
        predictor: fc.constantFrom(1, 1, 1, 4),
        restartRows: fc.constantFrom(0, 1, 2),
        precision: fc.constantFrom(12, 16),
      })
      .chain((shape) => {
        const change = fc.oneof(
          { arbitrary: fc.integer({ min: -3, max: 3 }), weight: 12 },
          { arbitrary: fc.integer({ min: -300, max: 300 }), weight: 2 },
          { arbitrary: fc.integer({ min: -(2 ** 15), max: 2 ** 15 }), weight: 1 },
        );
        const count = shape.rows * shape.columns;
        return fc
          .array(change, { minLength: count, maxLength: count })
          .map((changes) => ({ shape: { ...shape, pointTransform: 0 }, changes }));
      });
    fc.assert(
      fc.property(images, ({ shape, changes }) => {
        let word = 2 ** (shape.precision - 1);
        const words = Uint16Array.from(changes, (change) => (word = (word + change) & (2 ** shape.precision - 1)));
        const bytes = encodeSimply(words, shape);
        expect(decodeLosslessJpeg(bytes, shape.rows, shape.columns)).to.deep.equal(words);
        const cut = Buffer.concat([bytes.subarray(0, -4), Buffer.from([0xff, 0xd9])]);
        if (bytes.at(-4) !== 0xff && bytes.at(-3) !== 0)
          expect(decodeLosslessJpeg(cut, shape.rows, shape.columns)).to.equal(undefined);
      }),
      { seed: 4, numRuns: 400 },
    );
  });

  it("refuses a frame that is cut off anywhere, even with its end marker put back", () => {
    const words = picture(16, 16, 12);
    const whole = encodeSimply(words, shapeOf(16, 16));
    for (let length = 0; length < whole.length - 3; length++) {
      const cut = Buffer.concat([whole.subarray(0, length), Buffer.from([0xff, 0xd9])]);
      expect(decodeLosslessJpeg(cut, 16, 16), `${length} bytes`).to.equal(undefined);
    }
    expect(decodeLosslessJpeg(whole, 16, 16)).to.deep.equal(words);
  });
});

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly precision: number;
  readonly predictor: number;
  readonly restartRows: number;
  readonly pointTransform: number;
}

function shapeOf(rows: number, columns: number): Shape {
  return { rows, columns, precision: 12, predictor: 1, restartRows: 0, pointTransform: 0 };
}

/** A disc in noise that needs no generator. */
function picture(rows: number, columns: number, bits: number): Uint16Array {
  return Uint16Array.from({ length: rows * columns }, (_, at) => {
    const [x, y] = [(at % columns) - columns / 2, Math.floor(at / columns) - rows / 2];
    const level = x * x + y * y < (rows * columns) / 8 ? 2 ** (bits - 1) : 2 ** (bits - 4);
    return level + ((at * 7919) % 13);
  });
}

function encodeByLibjpeg(
  words: Uint16Array,
  { rows, columns, bits, predictor }: { rows: number; columns: number; bits: number; predictor: number },
): Buffer {
  const context = new Context({
    width: columns,
    height: rows,
    bitsAllocated: bits === 8 ? 8 : 16,
    bitsStored: bits,
    samplesPerPixel: 1,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: "MONOCHROME2",
    decodedBuffer: bits === 8 ? Uint8Array.from(words) : new Uint8Array(words.buffer),
  });
  return Buffer.from(NativeCodecs.encodeJpeg(context, { lossy: false, predictor }).getEncodedBuffer()!);
}

/** An encoder as plain as T.81 annex H allows: every size of difference has a code of five bits, its own number. */
function encodeSimply(words: Uint16Array, shape: Shape): Buffer {
  const { rows, columns, precision, predictor, restartRows, pointTransform } = shape;
  const segment = (marker: number, body: readonly number[]) => [0xff, marker, ...pair(body.length + 2), ...body];
  const interval = restartRows > 0 ? segment(0xdd, pair(restartRows * columns)) : [];
  const head = [
    ...[0xff, 0xd8, ...segment(0xc3, [precision, ...pair(rows), ...pair(columns), 1, 1, 0x11, 0])],
    ...segment(0xc4, [0, 0, 0, 0, 0, 17, ...new Array<number>(11).fill(0), ...new Array(17).keys()]),
    ...[...interval, ...segment(0xda, [1, 1, 0, predictor, 0, pointTransform])],
  ];
  const body: number[] = [];
  const rowsAtOnce = restartRows > 0 ? restartRows : rows;
  for (let first = 0, part = 0; first < rows; first += rowsAtOnce, part++) {
    let bits = "";
    for (let row = first; row < Math.min(rows, first + rowsAtOnce); row++) {
      for (let column = 0; column < columns; column++) {
        const at = (dy: number, dx: number) => words[(row + dy) * columns + column + dx]! >> pointTransform;
        const left = () => at(0, -1);
        const above = () => at(-1, 0);
        const corner = () => at(-1, -1);
        const predicted =
          row === first && column === 0
            ? 1 << (precision - pointTransform - 1)
            : row === first
              ? left()
              : column === 0
                ? above()
                : [
                    () => 0,
                    left,
                    above,
                    corner,
                    () => left() + above() - corner(),
                    () => left() + ((above() - corner()) >> 1),
                    () => above() + ((left() - corner()) >> 1),
                    () => (left() + above()) >> 1,
                  ][predictor]!();
        // Differences count modulo 2^16; 32768 has a size of its own and no bits.
        const difference = ((at(0, 0) - predicted) << 16) >> 16;
        const size = 32 - Math.clz32(Math.abs(difference));
        bits += size.toString(2).padStart(5, "0");
        if (size > 0 && size < 16)
          bits += (difference > 0 ? difference : difference + 2 ** size - 1).toString(2).padStart(size, "0");
      }
    }
    bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
    if (part > 0) body.push(0xff, 0xd0 + ((part - 1) % 8));
    for (let at = 0; at < bits.length; at += 8) {
      const byte = Number.parseInt(bits.slice(at, at + 8), 2);
      body.push(byte, ...(byte === 0xff ? [0] : []));
    }
  }
  return Buffer.from([...head, ...body, 0xff, 0xd9]);
}

function pair(value: number): number[] {
  return [value >> 8, value & 255];
}

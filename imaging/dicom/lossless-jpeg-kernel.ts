// Rows of JPEG lossless whose predictor is the pixel to the left, as nearly all CT has it (lossless-jpeg.wat), in less than half
// the time that the loop of decode-lossless-jpeg.ts takes, to the same words.
import { createKernelMemory, loadKernels, pageBytes } from "../../foundation/wasm-kernel.ts";
import { losslessJpegWasm } from "./lossless-jpeg-wasm.ts";

/** A Huffman table as decode-lossless-jpeg.ts keeps it. */
export interface HuffmanTable {
  readonly quick: Int32Array;
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly symbols: Uint8Array;
}

/** Codes that fit in this many bits together with the difference they announce are decoded by one look-up. */
export const quickBits = 13;
/** What a pair's word has room for. */
const mostDifference = 2 ** 11 - 1;

const limitsAt = 4 * 2 ** quickBits;
const offsetsAt = limitsAt + 128;
const symbolsAt = offsetsAt + 128;
const wordsAt = symbolsAt + 2 ** 12;
/** Words that are read at once. */
const lookAhead = 8;

const memory = createKernelMemory(wordsAt + 2 ** 20);
const kernels = loadKernels<"rows">(losslessJpegWasm)(memory);
/** Whose table lies in the memory. */
let placed: HuffmanTable | undefined;

/** Memory for the words of a frame, and after it for its bits; both move when it is asked for anew. */
export function losslessMemory(pixels: number, dataBytes: number): { words: Uint16Array<ArrayBuffer>; data: Buffer } {
  const dataAt = wordsAt + 2 * pixels;
  const missing = dataAt + dataBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  const { buffer } = memory;
  return { words: new Uint16Array(buffer, wordsAt, pixels), data: Buffer.from(buffer, dataAt, dataBytes) };
}

/** Bytes for so many bytes of bits and the zeros that must follow those of one segment. */
export function losslessDataBytes(bytes: number, columns: number): number {
  return bytes + 4 * columns + 2 * lookAhead;
}

/**
 * Decodes the rows of one segment; false if the bits run out or no code fits them.
 *
 * @param first what the first pixel is predicted as
 * @param data without stuffing, in the memory; zeros follow its first `bytes`
 */
export function leftPredictedRows(
  table: HuffmanTable,
  { data, bytes, first }: { data: Buffer; bytes: number; first: number },
  out: Uint16Array,
  columns: number,
): boolean {
  if (placed !== table) place(table);
  placed = table;
  return kernels.rows(data.byteOffset, bytes, out.byteOffset, out.length / columns, 2 * columns, first) === 1;
}

function place({ quick, limits, offsets, symbols }: HuffmanTable): void {
  const { buffer } = memory;
  const pairs = new Int32Array(buffer, 0, 2 ** quickBits);
  for (let index = 0; index < pairs.length; index++) {
    const one = quick[index]!;
    if (!isQuick(one)) {
      pairs[index] = 0;
      continue;
    }
    const bits = one & 255;
    const next = quick[(index << bits) & (pairs.length - 1)]!;
    const isPair = isQuick(next) && bits + (next & 255) <= quickBits;
    const used = isPair ? bits + (next & 255) : bits;
    const second = isPair ? (next >> 8) & (2 * mostDifference + 1) : 0;
    pairs[index] = ((one >> 8) << 20) | (second << 8) | ((isPair ? 2 : 1) << 6) | used;
  }
  new Int32Array(buffer, limitsAt, limits.length).set(limits);
  new Int32Array(buffer, offsetsAt, offsets.length).set(offsets);
  new Uint8Array(buffer, symbolsAt, symbols.length).set(symbols);
}

function isQuick(entry: number): boolean {
  return entry !== 0 && Math.abs(entry >> 8) <= mostDifference;
}

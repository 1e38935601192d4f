// JPEG lossless (ITU-T T.81 annex H, SOF3), the usual compression of CT: several times as fast as the general decoder, and
// stricter: a frame whose bits run out is refused instead of being filled up.
import { leftPredictedRows, losslessDataBytes, losslessMemory, quickBits } from "./lossless-jpeg-kernel.ts";

interface Huffman {
  /** By the next 13 bits: difference << 8 | bits used, or 0 where they are not enough. */
  readonly quick: Int32Array;
  /** By code length 1 to 16: the first code too long for it, aligned to 16 bits, and index - code of its symbols. */
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly symbols: Uint8Array;
}

interface Scan {
  readonly huffman: Huffman;
  /** 1 (the pixel to the left) to 7, T.81 table H.1. */
  readonly predictor: number;
  readonly pointTransform: number;
  readonly precision: number;
  /** Rows between two restarts; all rows if there are none. */
  readonly restartRows: number;
  readonly dataStart: number;
}

/**
 * Decodes a frame of one component.
 *
 * @returns words of rows x columns, valid until the next call; undefined if the frame is damaged or of an unused kind
 */
export function decodeLosslessJpeg(bytes: Buffer, rows: number, columns: number): Uint16Array<ArrayBuffer> | undefined {
  const scan = readScan(bytes, rows, columns);
  if (!scan) return undefined;
  const { words, data } = losslessMemory(rows * columns, losslessDataBytes(bytes.length - scan.dataStart, columns));
  const source = { bytes, at: scan.dataStart };
  for (let row = 0; row < rows; row += scan.restartRows) {
    const length = nextSegment(source, data);
    if (length === undefined) return undefined;
    data.fill(0, length, losslessDataBytes(length, columns));
    const part = words.subarray(row * columns, (row + scan.restartRows) * columns);
    if (!decodeRows({ data, bytes: length }, scan, part, columns)) return undefined;
  }
  if (scan.pointTransform > 0) for (let at = 0; at < words.length; at++) words[at]! <<= scan.pointTransform;
  return words;
}

/** Marker segments up to the scan's first byte. */
function readScan(bytes: Buffer, rows: number, columns: number): Scan | undefined {
  const tables = new Map<number, Huffman>();
  let precision = 0;
  let restartRows = rows;
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    const end = at + 2 + length;
    if (marker < 0xff01 || length < 2 || end > bytes.length) return undefined;
    const body = bytes.subarray(at + 4, end);
    if (marker === 0xffc3) {
      if (body.length < 9 || body[5] !== 1) return undefined;
      precision = body[0]!;
    } else if (marker === 0xffc4) {
      if (!readTables(body, tables)) return undefined;
    } else if (marker === 0xffdd) {
      if (body.length < 2) return undefined;
      const interval = body.readUInt16BE(0);
      // A restart may only follow a whole row (T.81 H.1.1).
      if (interval % columns !== 0) return undefined;
      if (interval > 0) restartRows = interval / columns;
    } else if (marker === 0xffda) {
      if (body.length < 6 || body[0] !== 1) return undefined;
      const huffman = tables.get(body[2]! >> 4);
      const [predictor, pointTransform] = [body[3]!, body[5]! & 15];
      if (!huffman || predictor < 1 || predictor > 7 || precision < 2 || precision > 16 || pointTransform >= precision)
        return undefined;
      return { huffman, predictor, pointTransform, precision, restartRows, dataStart: end };
    }
    at = end;
  }
  return undefined;
}

/** T.81 B.2.4.2 and annex C. */
function readTables(body: Buffer, tables: Map<number, Huffman>): boolean {
  for (let at = 0; at < body.length; ) {
    if (at + 17 > body.length) return false;
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = body.subarray(at + 17, at + 17 + total);
    if (symbols.length < total || symbols.some((symbol) => symbol > 16)) return false;
    const table = huffmanOf(counts, symbols);
    if (!table) return false;
    tables.set(body[at]!, table);
    at += 17 + total;
  }
  return true;
}

function huffmanOf(counts: Uint8Array, symbols: Uint8Array): Huffman | undefined {
  const quick = new Int32Array(2 ** quickBits);
  const limits = new Int32Array(17);
  const offsets = new Int32Array(17);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1]!;
    offsets[length] = index - code;
    for (let each = 0; each < count; each++) fillQuick(quick, code + each, length, symbols[index + each]!);
    code += count;
    index += count;
    if (code > 2 ** length) return undefined;
    limits[length] = code << (16 - length);
    code <<= 1;
  }
  return { quick, limits, offsets, symbols };
}

/** Entries for a code and every value of the bits after it. */
function fillQuick(quick: Int32Array, code: number, length: number, size: number): void {
  const extra = size === 16 ? 0 : size;
  const used = length + extra;
  const free = quickBits - used;
  if (free < 0) return;
  // Only codes of a damaged table do not fit.
  if ((code + 1) << (extra + free) > quick.length) return;
  for (let value = 0, at = code << (extra + free); value < 1 << extra; value++) {
    const entry = (differenceOf(size, value) << 8) | used;
    for (const end = at + (1 << free); at < end; at++) quick[at] = entry;
  }
}

/** T.81 tables H.2 and F.12: a difference by its size in bits and the bits themselves. */
function differenceOf(size: number, bits: number): number {
  if (size === 16) return 32768;
  return bits < (1 << size) >> 1 ? bits - (1 << size) + 1 : bits;
}

/** Entropy-coded bytes of one segment without stuffing; zeros for a row, of two words a pixel at the most, follow them. */
interface Segment {
  readonly data: Buffer;
  readonly bytes: number;
}

/** Writes the bytes up to the next marker; their number, or undefined if there is no marker. */
function nextSegment(source: { readonly bytes: Buffer; at: number }, data: Buffer): number | undefined {
  const { bytes } = source;
  let to = 0;
  for (let at = source.at; ; ) {
    const stop = bytes.indexOf(0xff, at);
    if (stop < 0 || stop + 1 >= bytes.length) return undefined;
    to += bytes.copy(data, to, at, stop);
    const marker = bytes[stop + 1]!;
    at = stop + 2;
    if (marker === 0) data[to++] = 0xff;
    else if (marker === 0xff) at--;
    else {
      source.at = at;
      return to;
    }
  }
}

/** Decodes the rows from one restart to the next; false if the bits run out or no code fits them. */
function decodeRows({ data, bytes }: Segment, scan: Scan, out: Uint16Array, columns: number): boolean {
  const { huffman, predictor, precision, pointTransform } = scan;
  const first = 1 << (precision - pointTransform - 1);
  if (predictor === 1) return leftPredictedRows(huffman, { data, bytes, first }, out, columns);
  const { quick } = huffman;
  const even = data.subarray(0, losslessDataBytes(bytes, columns) & ~1).swap16();
  const words = new Uint16Array(even.buffer, even.byteOffset, even.length >> 1);
  // The next bits are found by their position alone: refilling a window would cost a branch that is hard to predict.
  let position = 0;
  for (let start = 0; start < out.length; start += columns) {
    const isFirst = start === 0;
    let predicted = isFirst ? first : out[start - columns]!;
    for (let at = start; at < start + columns; at++) {
      const word = position >>> 4;
      const ahead = ((words[word]! << 16) | words[word + 1]!) << (position & 15);
      let entry = quick[ahead >>> (32 - quickBits)]!;
      if (entry === 0) {
        const symbol = longCode(huffman, ahead >>> 16);
        if (symbol < 0) return false;
        position += symbol >> 8;
        entry = differenceAt(words, position, symbol & 255);
      }
      position += entry & 255;
      const value = (predicted + (entry >> 8)) & 0xffff;
      out[at] = value;
      predicted = isFirst ? value : predict(predictor, value, out[at + 1 - columns]!, out[at - columns]!);
    }
    // Zeros for one row follow the last bit; a frame that reads them is cut off.
    if (position > 8 * bytes) return false;
  }
  return true;
}

/** A code of any length at the top of 16 bits: its length << 8 | its symbol, or -1. */
function longCode({ limits, offsets, symbols }: Huffman, ahead: number): number {
  for (let length = 1; length <= 16; length++)
    if (ahead < limits[length]!) return (length << 8) | symbols[(ahead >> (16 - length)) + offsets[length]!]!;
  return -1;
}

/** The difference of a size whose bits begin at a position: difference << 8 | bits used. */
function differenceAt(words: Uint16Array, position: number, size: number): number {
  const word = position >>> 4;
  const ahead = ((words[word]! << 16) | words[word + 1]!) << (position & 15);
  const extra = size & 15;
  return (differenceOf(size, extra === 0 ? 0 : ahead >>> (32 - extra)) << 8) | extra;
}

/** T.81 table H.1, by the neighbours left, above, and above left. */
function predict(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}

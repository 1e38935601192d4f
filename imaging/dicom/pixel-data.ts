// Where the pixels of each frame lie in a file: plain bytes, or the fragments of compressed frames (PS3.5 A.4).
import { copyBytes } from "../../foundation/shared-memory.ts";
import type { CtInstance } from "./ct-instance.ts";
import type { ParsedElements } from "./parse-elements.ts";
import { malformed, tooLarge, truncated, unsupported } from "./refusals.ts";
import type { PixelCodec } from "./transfer-syntax.ts";

/** Fills `into` with bytes from offset `from` on, out of memory or out of a file. */
export type ReadBytes = (into: Uint8Array, from: number) => void;

/** An open file that is not in memory. */
export interface StoredBytes {
  readonly size: number;
  /** @throws DICOM_TRUNCATED where the file has become shorter */
  readonly read: ReadBytes;
}

/** The stored pixels of a file; nothing is copied until a frame is asked for. */
export type PixelData =
  | {
      /** Plain words, as they are. */
      readonly codec: "none";
      /** Byte order of words of 16 bits. */
      readonly bigEndian: boolean;
      /** One reader for each frame; its offsets count from the frame's first byte. */
      readonly frames: readonly ReadBytes[];
    }
  | {
      /** How each frame is compressed, by the file's transfer syntax. */
      readonly codec: CompressedCodec;
      /** A list of fragments (PS3.5 A.4) for each frame, as views of the file's bytes. */
      readonly frames: readonly (readonly Uint8Array[])[];
    };

/** The compressions of DICOM that can be decoded. @useDeclaredType */
export type CompressedCodec = Exclude<PixelCodec, "none">;

const itemTag = 0xe000fffe;
const sequenceEndTag = 0xe0ddfffe;
/** Enough for every frame in 64 pieces; empty items would otherwise fill the memory at eight bytes each. */
const maxFragments = 2 ** 20;

/**
 * @param stored the file, if `bytes` are only its beginning; plain pixels are then read from it
 * @throws DICOM_TRUNCATED, DICOM_MALFORMED, DICOM_UNSUPPORTED
 */
export function locatePixels(
  { bytes, pixels, transferSyntax }: ParsedElements,
  { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, highBit, frames }: CtInstance,
  stored?: StoredBytes,
): PixelData {
  if (!pixels) throw unsupported("an object without pixels", {});
  if (!transferSyntax) throw unsupported("transfer syntax", {});
  if (samplesPerPixel !== 1) throw unsupported("samples per pixel", { samplesPerPixel });
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw unsupported("bits allocated", { bitsAllocated });
  if (bitsStored < 1 || bitsStored > bitsAllocated || highBit < bitsStored - 1 || highBit >= bitsAllocated)
    throw malformed("bits stored and high bit");
  const { bigEndian } = transferSyntax;
  const frameBytes = (rows * columns * bitsAllocated) / 8;
  // Compressed pixels have no length. Some archives decompress them and leave the name of the compression.
  const evenBytes = Math.ceil((frameBytes * frames.length) / 2) * 2;
  const isPlain = pixels.length === evenBytes;
  const codec = isPlain ? "none" : transferSyntax.codec;
  if (codec === "none") {
    // Some writers encapsulate plain pixels, whose length they do not know at the beginning.
    const isEncapsulated = pixels.length === undefined;
    const plain = isEncapsulated
      ? inMemory(Buffer.concat(fragmentsFrom(bytes, pixels.offset).fragments.map(({ value }) => value)))
      : (stored ?? inMemory(bytes));
    const start = isEncapsulated ? 0 : pixels.offset;
    const length = Math.min(pixels.length ?? plain.size, plain.size - start);
    if (length < frameBytes * frames.length)
      throw truncated(stored?.size ?? bytes.length, pixels.offset + frameBytes * frames.length);
    const frame =
      (index: number): ReadBytes =>
      (into, from) =>
        plain.read(into, start + index * frameBytes + from);
    return { codec, bigEndian, frames: frames.map((_, index) => frame(index)) };
  }
  if (pixels.length !== undefined) throw malformed("compressed pixels", pixels.offset);
  return { codec, frames: fragmentsOfFrames(fragmentsFrom(bytes, pixels.offset), frames.length, codec) };
}

/** Bytes in memory with the interface of an open file. */
export function inMemory(bytes: Uint8Array): StoredBytes {
  return { size: bytes.length, read: (into, from) => copyBytes(into, bytes.subarray(from, from + into.length)) };
}

interface Fragment {
  /** From the first fragment's item tag, as the offset table counts. */
  readonly offset: number;
  readonly value: Uint8Array;
}

interface Fragments {
  readonly offsetTable: readonly number[];
  readonly fragments: readonly Fragment[];
}

function fragmentsFrom(bytes: Buffer, start: number): Fragments {
  const items: Fragment[] = [];
  let firstFragment = start;
  for (let at = start; ; ) {
    // A file that ends where its next item would begin lacks only the delimiter.
    if (at === bytes.length && items.length > 1) break;
    if (at + 8 > bytes.length) throw truncated(bytes.length, at + 8);
    const tag = bytes.readUInt32LE(at);
    if (tag === sequenceEndTag) break;
    if (tag !== itemTag) throw malformed("fragments of pixels", at);
    if (items.length > maxFragments) throw tooLarge("fragments of pixels", "more", maxFragments);
    const length = bytes.readUInt32LE(at + 4);
    if (at + 8 + length > bytes.length) throw truncated(bytes.length, at + 8 + length);
    if (items.length === 0) firstFragment = at + 8 + length;
    items.push({ offset: at - firstFragment, value: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  const [table, ...fragments] = items;
  if (!table || fragments.length === 0) throw malformed("fragments of pixels", start);
  const words = new DataView(table.value.buffer, table.value.byteOffset, table.value.byteLength);
  const offsetTable = Array.from({ length: table.value.length >> 2 }, (_, at) => words.getUint32(at * 4, true));
  return { offsetTable, fragments };
}

/** One fragment a frame, or by the offset table, or by where images of the JPEG family begin. */
function fragmentsOfFrames({ offsetTable, fragments }: Fragments, count: number, codec: PixelCodec): Uint8Array[][] {
  if (count === 1) return [fragments.map(({ value }) => value)];
  if (fragments.length === count) return fragments.map(({ value }) => [value]);
  const starts =
    offsetTable.length === count
      ? offsetTable.map((offset) => fragments.findIndex((fragment) => fragment.offset === offset))
      : fragments.flatMap(({ value }, index) => (startsImage(value, codec) ? [index] : []));
  const ascending = starts.every((start, frame) => (frame === 0 ? start === 0 : start > starts[frame - 1]!));
  if (starts.length !== count || !ascending) throw malformed("fragments of frames");
  return starts.map((start, frame) => fragments.slice(start, starts[frame + 1]).map(({ value }) => value));
}

/** SOI of JPEG and JPEG-LS, SOC of JPEG 2000 (also boxed); RLE frames have no such mark. */
function startsImage(bytes: Uint8Array, codec: PixelCodec): boolean {
  if (codec === "rle") return false;
  if (bytes[0] === 0xff) return bytes[1] === 0xd8 || (bytes[1] === 0x4f && bytes[2] === 0xff && bytes[3] === 0x51);
  return bytes[4] === 0x6a && bytes[5] === 0x50 && bytes[6] === 0x20 && bytes[7] === 0x20;
}

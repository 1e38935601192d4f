// Stored pixels to HU, one frame at a time, so that a file of a thousand frames needs the memory of one.
import { FedError } from "../../foundation/errors.ts";
import { type CodestreamSize, codestreamSize, hasEnd } from "./codestream-size.ts";
import type { CtFrame, CtInstance } from "./ct-instance.ts";
import { decodeLosslessJpeg } from "./decode-lossless-jpeg.ts";
import { decodeRle } from "./decode-rle.ts";
import { type Layout, type StoredWords, storedValue, toHounsfield } from "./hounsfield.ts";
import { type CompressedCodec, inMemory, type ReadBytes } from "./pixel-data.ts";
import type { DicomFile } from "./read-instance.ts";
import { damagedPixels } from "./refusals.ts";
import { decodeByWasm } from "./wasm-codecs.ts";

type Words = Uint8Array | Uint16Array;

/**
 * HU of each frame, rows x columns, rounded and clamped (hounsfield.ts), in the file's order.
 *
 * @param into memory for all frames, one after the other; by default each has its own
 * @throws DICOM_PIXELS_DAMAGED at the first frame that does not decode; DICOM_MEMORY if `into` has another size
 */
export async function* decodeFrames(file: DicomFile, into?: Int16Array): AsyncGenerator<Int16Array> {
  const { rows, columns, frames } = file.instance;
  const area = rows * columns;
  const pixelCount = area * frames.length;
  if (into && into.length !== pixelCount)
    throw new FedError("DICOM_MEMORY", { pixels: into.length, needed: pixelCount });
  for (const index of frames.keys()) {
    const hu = into?.subarray(index * area, (index + 1) * area) ?? new Int16Array(area);
    await decodeFrame(file, index, hu);
    yield hu;
  }
}

/** Writes the HU of one frame to `into`, of rows x columns. @throws DICOM_PIXELS_DAMAGED */
export async function decodeFrame(file: DicomFile, index: number, into: Int16Array): Promise<void> {
  const decoded = await decodeWords(file, index);
  refuseInventedSigns(decoded, into.length, index);
  toHounsfield(decoded.words, decoded.layout, file.instance.frames[index]!, into);
}

/** Stored values of each frame before rescale, which other programs call its pixels. */
export async function* decodeStoredValues({ instance, pixels }: DicomFile): AsyncGenerator<Int32Array> {
  for (const index of instance.frames.keys()) {
    const { words, layout } = await decodeWords({ instance, pixels }, index);
    const bytes = new Uint8Array(instance.rows * instance.columns * words.bytesPerWord);
    words.read(bytes, 0);
    const all = words.bytesPerWord === 1 ? bytes : new Uint16Array(bytes.buffer);
    yield Int32Array.from(all, (word) => storedValue(layout, word));
  }
}

interface DecodedFrame {
  readonly words: StoredWords;
  readonly layout: Layout;
}

async function decodeWords({ instance, pixels }: DicomFile, index: number): Promise<DecodedFrame> {
  const bytesPerWord = instance.bitsAllocated === 8 ? 1 : 2;
  if (pixels.codec === "none") {
    const plain = pixels.frames[index]!;
    const read = pixels.bigEndian && bytesPerWord === 2 ? swapped(plain) : plain;
    return { words: { bytesPerWord, read }, layout: withSigns(instance, instance.frames[index]!) };
  }
  const ranges = pixels.frames[index]!;
  const bytes = ranges.length === 1 ? ranges[0]! : Buffer.concat(ranges);
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { decoded, layout } = await decompress(encoded, pixels.codec, instance, index);
  if (!decoded) throw damagedPixels(index, "the decoder failed");
  const pixelCount = instance.rows * instance.columns;
  const { read, size } = inMemory(new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength));
  // Samples of 8 bits may come back as bytes even where 16 are allocated, or the other way round.
  if (size === pixelCount * 2 && (bytesPerWord === 2 || decoded instanceof Uint16Array))
    return { words: { bytesPerWord: 2, read }, layout };
  if (size === pixelCount && decoded instanceof Uint8Array) return { words: { bytesPerWord: 1, read }, layout };
  throw damagedPixels(index, "the decoder gave another number of pixels");
}

function swapped(read: ReadBytes): ReadBytes {
  return (into, from) => {
    read(into, from);
    Buffer.from(into.buffer, into.byteOffset, into.byteLength).swap16();
  };
}

interface Decompressed {
  /** Bytes of little-endian words, or words; undefined where the frame does not decode. */
  readonly decoded: Words | undefined;
  readonly layout: Layout;
}

async function decompress(
  encoded: Buffer,
  codec: CompressedCodec,
  instance: CtInstance,
  index: number,
): Promise<Decompressed> {
  const { rows, columns, bitsAllocated } = instance;
  const frame = instance.frames[index]!;
  if (codec === "rle") {
    const decoded = decodeRle(encoded, rows * columns, bitsAllocated / 8);
    return { decoded, layout: withSigns(instance, frame) };
  }
  const size = codestreamSize(encoded, codec);
  if (!size) throw damagedPixels(index, "no header of the transfer syntax's codec");
  if (size.rows !== rows || size.columns !== columns) throw damagedPixels(index, "rows and columns differ within");
  if (size.precision > bitsAllocated) throw damagedPixels(index, "more bits within than allocated");
  if (size.components !== 1) throw damagedPixels(index, "more than one component");
  if (!hasEnd(encoded)) throw damagedPixels(index, "cut off before its end");
  if (codec === "jpeg" && size.frameType === losslessJpeg)
    return { decoded: decodeLosslessJpeg(encoded, rows, columns), layout: withSigns(instance, frame) };
  const layout = layoutWithin(instance, frame, size, codec);
  const isSigned = size.isSigned ?? instance.isSigned;
  return { decoded: await decodeByWasm(codec, encoded, { ...instance, ...layout, isSigned }), layout };
}

/** SOF3 of JPEG. */
const losslessJpeg = 0xc3;
/** Stored values of CT are HU (an intercept near 0) or HU + 1024 (an intercept near -1024). */
const signedAboveIntercept = -500;

/**
 * How the words of a JPEG-LS or JPEG 2000 frame hold stored values: in the codestream's own precision, whatever the header's
 * bits stored, and with the header's sign, as pydicom reads them. Where the codestream's sign differs from the header's, one
 * of them is wrong. The intercept shows which one: air needs negative values if it is near 0, and cannot be negative if it is
 * near -1024. In 16 bits all values of CT, and negative padding, fit a signed reading.
 */
function layoutWithin(
  instance: CtInstance,
  frame: CtFrame,
  { precision, isSigned }: CodestreamSize,
  codec: CompressedCodec,
): Layout {
  if (codec === "jpeg") return instance;
  // Whole words were compressed whose low bits are unused.
  if (precision === instance.highBit + 1 && precision > instance.bitsStored) return instance;
  const layout = { ...instance, bitsStored: precision, highBit: precision - 1 };
  if (isSigned === undefined) return withSigns(layout, frame);
  if (isSigned === instance.isSigned) return layout;
  const fitsSign = precision === 16 ? !cannotBeSigned(layout, frame) : frame.rescaleIntercept > signedAboveIntercept;
  return fitsSign ? { ...layout, isSigned: true } : unsigned(layout);
}

/** Values of offset binary, whose intercept is near -32768: with a sign not even water could be stored. */
function cannotBeSigned({ bitsStored }: Layout, { rescaleSlope, rescaleIntercept }: CtFrame): boolean {
  return rescaleSlope > 0 && (2 ** (bitsStored - 1) - 1) * rescaleSlope + rescaleIntercept < 0;
}

function unsigned(layout: Layout): Layout {
  // The same bits of a padding value that was written with a sign.
  const bits = (value: number | undefined) => value && (value + 2 ** layout.bitsStored) % 2 ** layout.bitsStored;
  const [pixelPaddingValue, pixelPaddingLimit] = [bits(layout.pixelPaddingValue), bits(layout.pixelPaddingLimit)];
  return { ...layout, isSigned: false, pixelPaddingValue, pixelPaddingLimit };
}

/**
 * Twelve bits with a sign hold no bone above 1023 HU if the intercept is near -1024, and no value of CT needs the sign: one
 * of the two is wrong. Such values are negative only where the bits above them repeat the sign, as PS3.5 8.1.1 asks for;
 * pydicom reads them so. Where no bits lie above them, nothing says it.
 */
function withSigns(layout: Layout, frame: CtFrame): Layout {
  const { isSigned, bitsAllocated, bitsStored, highBit } = layout;
  if (isSigned && cannotBeSigned(layout, frame)) return unsigned(layout);
  const isDoubtful = isSigned && bitsAllocated === 16 && bitsStored <= 12;
  if (!isDoubtful || frame.rescaleIntercept > signedAboveIntercept) return layout;
  return highBit === bitsStored - 1 ? { ...layout, isSignExtended: true } : { ...layout, isSignUnproven: true };
}

/** Negative values lie below -1024 HU: if no header calls them padding, they are bone whose sign the header invents. */
function refuseInventedSigns({ words, layout }: DecodedFrame, pixels: number, index: number): void {
  if (!layout.isSignUnproven) return;
  const all = new Uint16Array(pixels);
  words.read(new Uint8Array(all.buffer), 0);
  const negative = new Set(Int16Array.from(all, (word) => Math.min(0, storedValue(layout, word))));
  for (const one of [0, layout.pixelPaddingValue]) if (one !== undefined) negative.delete(one);
  if (negative.size > 0) throw damagedPixels(index, "a sign that the rescale intercept contradicts");
}

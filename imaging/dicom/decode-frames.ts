// Stored pixels to HU, one frame at a time, so that a file of a thousand frames needs the memory of one.
import { FedError } from "../../foundation/errors.ts";
import { codestreamSize, hasEnd } from "./codestream-size.ts";
import type { CtInstance } from "./ct-instance.ts";
import { decodeLosslessJpeg } from "./decode-lossless-jpeg.ts";
import { decodeRle } from "./decode-rle.ts";
import { type StoredWords, storedValue, toHounsfield } from "./hounsfield.ts";
import { type CompressedCodec, inMemory, type ReadBytes } from "./pixel-data.ts";
import type { DicomFile } from "./read-instance.ts";
import { damagedPixels } from "./refusals.ts";
import { decodeByWasm } from "./wasm-codecs.ts";

type Words = Uint8Array | Uint16Array;

/**
 * HU of each frame, rows x columns, rounded and clamped (hounsfield.ts), in the file's order.
 *
 * @param into memory for all frames, one after the other; else each has its own
 * @throws {FedError} DICOM_PIXELS_DAMAGED at the first frame that does not decode; DICOM_MEMORY if `into` has another size
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

/** Writes the HU of one frame to `into`, of rows x columns. @throws {FedError} DICOM_PIXELS_DAMAGED */
export async function decodeFrame(file: DicomFile, index: number, into: Int16Array): Promise<void> {
  toHounsfield(await decodeWords(file, index), file.instance, file.instance.frames[index]!, into);
}

/** Stored values of each frame as the file has them, before rescale: what other programs call its pixels. */
export async function* decodeStoredValues({ instance, pixels }: DicomFile): AsyncGenerator<Int32Array> {
  for (const index of instance.frames.keys()) {
    const { bytesPerWord, read } = await decodeWords({ instance, pixels }, index);
    const bytes = new Uint8Array(instance.rows * instance.columns * bytesPerWord);
    read(bytes, 0);
    const words = bytesPerWord === 1 ? bytes : new Uint16Array(bytes.buffer);
    yield Int32Array.from(words, (word) => storedValue(instance, word));
  }
}

async function decodeWords({ instance, pixels }: DicomFile, index: number): Promise<StoredWords> {
  const bytesPerWord = instance.bitsAllocated === 8 ? 1 : 2;
  if (pixels.codec === "none") {
    const read = pixels.frames[index]!;
    return { bytesPerWord, read: pixels.bigEndian && bytesPerWord === 2 ? swapped(read) : read };
  }
  const ranges = pixels.frames[index]!;
  const bytes = ranges.length === 1 ? ranges[0]! : Buffer.concat(ranges);
  const encoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoded = await decompress(encoded, pixels.codec, instance, index);
  if (!decoded) throw damagedPixels(index, "the decoder failed");
  const pixelCount = instance.rows * instance.columns;
  const { read, size } = inMemory(new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength));
  // Samples of 8 bits may come back as bytes even where 16 are allocated, or the other way about.
  if (size === pixelCount * 2 && (bytesPerWord === 2 || decoded instanceof Uint16Array))
    return { bytesPerWord: 2, read };
  if (size === pixelCount && decoded instanceof Uint8Array) return { bytesPerWord: 1, read };
  throw damagedPixels(index, "the decoder gave another number of pixels");
}

function swapped(read: ReadBytes): ReadBytes {
  return (into, from) => {
    read(into, from);
    Buffer.from(into.buffer, into.byteOffset, into.byteLength).swap16();
  };
}

/** Bytes of little-endian words, or words, or nothing where the frame does not decode. */
async function decompress(
  encoded: Buffer,
  codec: CompressedCodec,
  instance: CtInstance,
  index: number,
): Promise<Words | undefined> {
  const { rows, columns, bitsAllocated } = instance;
  if (codec === "rle") return decodeRle(encoded, rows * columns, bitsAllocated / 8);
  const size = codestreamSize(encoded, codec);
  if (!size) throw damagedPixels(index, "no header of the transfer syntax's codec");
  if (size.rows !== rows || size.columns !== columns) throw damagedPixels(index, "rows and columns differ within");
  if (size.precision > bitsAllocated) throw damagedPixels(index, "more bits within than allocated");
  if (size.components !== 1) throw damagedPixels(index, "more than one component");
  if (!hasEnd(encoded)) throw damagedPixels(index, "cut off before its end");
  if (codec === "jpeg" && size.frameType === LOSSLESS) return decodeLosslessJpeg(encoded, rows, columns);
  return decodeByWasm(codec, encoded, instance);
}

/** SOF3 of JPEG. */
const LOSSLESS = 0xc3;

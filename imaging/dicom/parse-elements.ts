// Runs dicom-parser on bytes and returns the elements before the pixels; all its errors become FedErrors.
import { createRequire } from "node:module";
import { constants, inflateRawSync } from "node:zlib";
import type dicomParser from "dicom-parser";
import { FedError } from "../../foundation/errors.ts";
import { type ElementSet, elementSet } from "./element-set.ts";
import type { DicomLimits } from "./limits.ts";
import { foreign, malformed, tooLarge, truncated } from "./refusals.ts";
import {
  explicitBigEndian,
  explicitLittleEndian,
  implicitLittleEndian,
  type TransferSyntax,
  transferSyntaxOf,
} from "./transfer-syntax.ts";

export interface ParsedElements {
  readonly transferSyntaxUid: string;
  /** Undefined if it is not supported; its data set is still read as explicit little endian (PS3.5 10). */
  readonly transferSyntax: TransferSyntax | undefined;
  readonly elements: ElementSet;
  /** The bytes that offsets refer to: the file, or the inflated data set. */
  readonly bytes: Buffer;
  /** Where the value of (7FE0,0010) starts, and its length unless it is encapsulated; undefined without pixels. */
  readonly pixels: { readonly offset: number; readonly length: number | undefined } | undefined;
}

// By `import`, Node would first look through its text for exports, in each thread anew: that takes longer than to run it.
const library = createRequire(import.meta.url)("dicom-parser") as typeof dicomParser;

const pixelDataTag = "x7fe00010";

/**
 * Parses a file with or without preamble and meta header, up to its pixels.
 *
 * @param partial true if `file` may be the beginning of one only
 * @throws DICOM_FOREIGN, DICOM_TRUNCATED, DICOM_MALFORMED, DICOM_TOO_LARGE
 */
export function parseElements(
  file: Uint8Array,
  limits: DicomLimits,
  { partial }: { partial: boolean },
): ParsedElements {
  if (file.length > limits.maxFileBytes) throw tooLarge("file bytes", file.length, limits.maxFileBytes);
  const whole = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const reads = { left: limits.maxHeaderReads };
  const meta = readMeta(whole, reads);
  const transferSyntax = transferSyntaxOf(meta.transferSyntaxUid);
  const bytes = transferSyntax?.deflated ? inflate(whole.subarray(meta.position), limits, partial) : whole;
  const start = transferSyntax?.deflated ? 0 : meta.position;
  const bigEndian = transferSyntax?.bigEndian === true;
  const elements: Record<string, dicomParser.Element> = {};
  guarded(bytes, reads, limits, () => {
    const endian = bigEndian ? library.bigEndianByteArrayParser : library.littleEndianByteArrayParser;
    const stream = openStream(counted(endian, reads), bytes, start);
    // The parser only fills in elements and warnings of a data set.
    const dataSet = { elements, warnings: [] as string[] } as dicomParser.DataSet;
    const upToPixels = { untilTag: pixelDataTag };
    if (!isExplicit(bytes, start, transferSyntax?.explicit ?? true))
      library.parseDicomDataSetImplicit(dataSet, stream, bytes.length, upToPixels);
    else library.parseDicomDataSetExplicit(dataSet, stream, bytes.length, upToPixels);
    if (stream.position > bytes.length) throw truncated(bytes.length, stream.position);
  });
  const found = elements[pixelDataTag];
  return {
    transferSyntaxUid: meta.transferSyntaxUid,
    transferSyntax,
    elements: elementSet(elements, bytes, bigEndian),
    bytes,
    pixels: found && { offset: found.dataOffset, length: found.hadUndefinedLength ? undefined : found.length },
  };
}

/** Whether elements name their VR. Some writers declare the other form; the first element shows it, as pydicom does. */
function isExplicit(bytes: Buffer, start: number, declared: boolean): boolean {
  if (start + 8 > bytes.length) return declared;
  const vr = bytes.toString("latin1", start + 4, start + 6);
  if (declared) return /^[A-Z]{2}$/.test(vr);
  return firstVrs.test(vr);
}

/** VRs that the first element of a data set can have; as the length of an implicit one they would be above 16 KiB. */
const firstVrs = /^(AE|AS|AT|CS|DA|DS|DT|FD|IS|LO|LT|OB|PN|SH|SQ|ST|TM|UI|UL|UN|US)$/;

interface Reads {
  left: number;
}

/** The transfer syntax by the meta header (PS3.10 7.1), or by the first element if there is none. */
function readMeta(bytes: Buffer, reads: Reads): { transferSyntaxUid: string; position: number } {
  const first = bytes.length >= 132 && bytes.toString("latin1", 128, 132) === "DICM" ? 132 : 0;
  if (bytes.length < first + 8) throw first === 0 ? foreign(bytes.length) : truncated(bytes.length, first + 8);
  if (bytes.readUInt16LE(first) !== 2) return { transferSyntaxUid: guessSyntax(bytes, first), position: first };
  if (first === 0 && !/^[A-Z]{2}$/.test(bytes.toString("latin1", 4, 6))) throw foreign(bytes.length);
  let transferSyntaxUid = "";
  let position = first;
  const stream = guarded(bytes, reads, undefined, () => {
    const parser = counted(library.littleEndianByteArrayParser, reads);
    return openStream(parser, bytes, first);
  });
  while (position + 8 <= bytes.length && bytes.readUInt16LE(position) === 2) {
    const element = guarded(bytes, reads, undefined, () => library.readDicomElementExplicit(stream, []));
    if (stream.position > bytes.length) throw truncated(bytes.length, stream.position);
    if (element.tag === "x00020010")
      transferSyntaxUid = elementSet({ x00020010: element }, bytes, false).plainText("00020010");
    position = stream.position;
  }
  if (position >= bytes.length) throw truncated(bytes.length, position + 1);
  return { transferSyntaxUid: transferSyntaxUid || explicitLittleEndian, position };
}

/** Old exports have no meta header and start with group 8 in any of the three plain syntaxes. */
function guessSyntax(bytes: Buffer, first: number): string {
  const bigEndian = bytes[first] === 0 && bytes[first + 1] === 8;
  const vr = bytes.toString("latin1", first + 4, first + 6);
  const explicit = firstVrs.test(vr);
  if (bigEndian && explicit) return explicitBigEndian;
  if (bytes[first] === 8 && bytes[first + 1] === 0) {
    if (explicit) return explicitLittleEndian;
    const length = bytes.readUInt32LE(first + 4);
    if (length < 0x10000) return implicitLittleEndian;
  }
  throw first === 0 ? foreign(bytes.length) : malformed("first element", first);
}

/** The output is limited while it is produced, so that a zip bomb costs no more than the limit. */
function inflate(bytes: Buffer, limits: DicomLimits, partial: boolean): Buffer {
  try {
    const finishFlush = partial ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
    const inflated = inflateRawSync(bytes, { maxOutputLength: limits.maxInflatedBytes, finishFlush });
    if (inflated.length > 0) return inflated;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge("inflated bytes", "more", limits.maxInflatedBytes);
    if (code !== "Z_BUF_ERROR") throw malformed("deflated data set");
  }
  throw truncated(bytes.length);
}

/** Runs the parser; whatever it throws (strings, objects, stack overflows) becomes a FedError that quotes nothing of the file. */
function guarded<T>(bytes: Buffer, reads: Reads, limits: DicomLimits | undefined, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FedError) throw error;
    if (reads.left < 0) throw tooLarge("header reads", "more", limits?.maxHeaderReads ?? "the limit");
    if (error instanceof RangeError) throw tooLarge("nesting of sequences", "deeper", "the stack");
    // The parser reports only in prose that a length led past the end.
    if (/past end|overrun|overread|'maxP ?osition'|greater than or equal/.test(String(error)))
      throw truncated(bytes.length);
    throw malformed("elements before the pixels");
  }
}

/**
 * The parser's view of the bytes. It does not know the newest value representations, whose lengths have 32 bits like those
 * of OB (PS3.5 7.1.2): it would read 16 bits and continue within a value. They are passed to it as OB.
 */
function openStream(parser: dicomParser.ByteArrayParser, bytes: Buffer, start: number): dicomParser.ByteStream {
  const stream = new library.ByteStream(parser, bytes, start);
  const read = stream.readFixedString.bind(stream);
  stream.readFixedString = (length) => {
    const text = read(length);
    return newestVrs.has(text) ? "OB" : text;
  };
  return stream;
}

const newestVrs = new Set(["OV", "SV", "UV"]);

/** The parser's own reader of numbers, with a limit on reads. */
function counted(endian: dicomParser.ByteArrayParser, reads: Reads): dicomParser.ByteArrayParser {
  const spend = () => {
    if (--reads.left < 0) throw new Error("too many reads");
  };
  return {
    ...endian,
    readUint16(bytes, position) {
      spend();
      return endian.readUint16(bytes, position);
    },
    readUint32(bytes, position) {
      spend();
      return endian.readUint32(bytes, position);
    },
  };
}

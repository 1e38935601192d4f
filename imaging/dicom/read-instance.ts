// Reads one DICOM file by an allow-list of tags: what is not named here leaves the parser in no form.
import type { CtFrame, CtInstance } from "./ct-instance.ts";
import type { ElementSet } from "./element-set.ts";
import { DICOM_LIMITS, type DicomLimits } from "./limits.ts";
import { type ParsedElements, parseElements } from "./parse-elements.ts";
import { locatePixels, type PixelData, type StoredBytes } from "./pixel-data.ts";
import { malformed, tooLarge } from "./refusals.ts";

/** A file with its pixels as they are stored, still compressed; decode-frames.ts turns them into HU. */
export interface DicomFile {
  readonly instance: CtInstance;
  readonly pixels: PixelData;
}

/**
 * Reads a whole file: every transfer syntax of transfer-syntax.ts, with or without preamble and meta header, single or
 * enhanced multi-frame. The pixels are views of `bytes`, not copies.
 *
 * @throws {FedError} DICOM_FOREIGN, DICOM_TRUNCATED, DICOM_MALFORMED, DICOM_TOO_LARGE, DICOM_UNSUPPORTED
 */
export function readInstance(bytes: Uint8Array, limits: DicomLimits = DICOM_LIMITS): DicomFile {
  const parsed = parseElements(bytes, limits, { partial: false });
  const instance = describe(parsed, limits);
  return { instance, pixels: locatePixels(parsed, instance) };
}

/**
 * The same of a file of which only the first bytes are in memory: plain pixels are read from `stored` when they are wanted.
 *
 * @returns undefined if its pixels are not plain, and the whole file must come into memory
 * @throws {FedError} those of readInstance; DICOM_TRUNCATED also where `head` is too short: come with more
 */
export function readStoredInstance(head: Uint8Array, stored: StoredBytes, limits: DicomLimits): DicomFile | undefined {
  const parsed = parseElements(head, limits, { partial: true });
  const { transferSyntax, pixels } = parsed;
  const isPlain = transferSyntax?.codec === "none" && !transferSyntax.deflated && pixels?.length !== undefined;
  if (!isPlain) return undefined;
  const instance = describe(parsed, limits);
  return { instance, pixels: locatePixels(parsed, instance, stored) };
}

/**
 * Reads what a file says of itself and stops before its pixels; objects without pixels (reports, directories) are read
 * as well. The first 64 KiB of a file are nearly always enough; if not, it is DICOM_TRUNCATED: come with more.
 *
 * @throws {FedError} DICOM_FOREIGN, DICOM_TRUNCATED, DICOM_MALFORMED, DICOM_TOO_LARGE
 */
export function readInstanceHeader(bytes: Uint8Array, limits: DicomLimits = DICOM_LIMITS): CtInstance {
  return describe(parseElements(bytes, limits, { partial: true }), limits);
}

function describe({ elements, transferSyntaxUid, pixels }: ParsedElements, limits: DicomLimits): CtInstance {
  const isSigned = elements.uint16("00280103") === 1;
  const padding = (tag: string) => {
    const word = elements.uint16(tag);
    // Written as US or SS, whatever the pixels are: the same 16 bits mean the same value.
    return word !== undefined && isSigned ? (word << 16) >> 16 : word;
  };
  const shared = elements.items("52009229")[0];
  const image = pixels ? describeImage(elements, limits) : NO_IMAGE;
  const bitsStored = pixels ? (elements.uint16("00280101") ?? image.bitsAllocated) : 0;
  return {
    transferSyntax: transferSyntaxUid,
    sopClass: elements.text("00080016"),
    modality: elements.text("00080060").toUpperCase(),
    patientId: elements.text("00100020"),
    studyUid: elements.text("0020000d"),
    seriesUid: elements.text("0020000e"),
    instanceUid: elements.text("00080018"),
    acquisitionNumber: first(elements.decimals("00200012")),
    imageType: elements
      .text("00080008")
      .split("\\")
      .map((part) => part.trim().toUpperCase())
      .filter((part) => part !== ""),
    manufacturer: elements.text("00080070"),
    manufacturerModel: elements.text("00081090"),
    kernel: elements.text("00181210") || (shared?.items("00189314")[0]?.text("00181210") ?? ""),
    bodyPart: elements.text("00180015").toUpperCase(),
    patientPosition: elements.text("00185100").toUpperCase(),
    sliceThicknessMm: first(elements.decimals("00180050") ?? shared?.items("00289110")[0]?.decimals("00180050")),
    gantryTiltDegrees: first(elements.decimals("00181120") ?? shared?.items("00189304")[0]?.decimals("00181120")),
    hasPixels: pixels !== undefined,
    ...image,
    photometricInterpretation: elements.text("00280004").toUpperCase(),
    bitsStored,
    highBit: elements.uint16("00280102") ?? Math.max(bitsStored - 1, 0),
    isSigned,
    pixelPaddingValue: padding("00280120"),
    pixelPaddingLimit: padding("00280121"),
    frames: pixels ? describeFrames(elements, limits) : [],
  };
}

const NO_IMAGE = { rows: 0, columns: 0, samplesPerPixel: 0, bitsAllocated: 0 };

function describeImage(elements: ElementSet, limits: DicomLimits): typeof NO_IMAGE {
  const rows = elements.uint16("00280010") ?? 0;
  const columns = elements.uint16("00280011") ?? 0;
  if (rows === 0 || columns === 0) throw malformed("rows and columns");
  if (Math.max(rows, columns) > limits.maxMatrix)
    throw tooLarge("rows or columns", Math.max(rows, columns), limits.maxMatrix);
  const samplesPerPixel = elements.uint16("00280002") ?? 1;
  return { rows, columns, samplesPerPixel, bitsAllocated: elements.uint16("00280100") ?? 16 };
}

/** One entry a frame; values of an enhanced file come from its own functional groups, then the shared ones. PS3.3 A.38 */
function describeFrames(elements: ElementSet, limits: DicomLimits): readonly CtFrame[] {
  const count = elements.has("00280008") ? (first(elements.decimals("00280008")) ?? 1) : 1;
  if (!Number.isInteger(count) || count < 1) throw malformed("number of frames");
  if (count > limits.maxFrames) throw tooLarge("frames", count, limits.maxFrames);
  const shared = elements.items("52009229")[0];
  const own = elements.items("52009230");
  const everywhere = describeFrame(elements, undefined, shared);
  if (own.length === 0) return Array.from({ length: count }, () => everywhere);
  return Array.from({ length: count }, (_, index) => describeFrame(elements, own[index], shared));
}

function describeFrame(elements: ElementSet, own: ElementSet | undefined, shared: ElementSet | undefined): CtFrame {
  const groups = (sequence: string) =>
    [own?.items(sequence)[0], shared?.items(sequence)[0], elements].filter((set) => set !== undefined);
  const numbers = (sequence: string, tag: string) => firstOf(groups(sequence), (set) => set.decimals(tag));
  const slope = first(numbers("00289145", "00281053")) ?? 1;
  if (slope === 0) throw malformed("rescale slope");
  return {
    positionMm: ofLength<CtFrame["positionMm"]>(numbers("00209113", "00200032"), 3),
    orientation: ofLength<CtFrame["orientation"]>(numbers("00209116", "00200037"), 6),
    pixelSpacingMm: ofLength<CtFrame["pixelSpacingMm"]>(numbers("00289110", "00280030"), 2),
    rescaleSlope: slope,
    rescaleIntercept: first(numbers("00289145", "00281052")) ?? 0,
    rescaleType: firstOf(groups("00289145"), (set) => set.text("00281054") || undefined) ?? "",
  };
}

function first(values: readonly number[] | undefined): number | undefined {
  return values?.[0];
}

function firstOf<Set, Value>(sets: readonly Set[], read: (set: Set) => Value | undefined): Value | undefined {
  for (const set of sets) {
    const value = read(set);
    if (value !== undefined) return value;
  }
  return undefined;
}

function ofLength<Tuple>(values: readonly number[] | undefined, length: number): Tuple | undefined {
  return values?.length === length ? (values as Tuple) : undefined;
}

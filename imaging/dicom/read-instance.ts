// Reads one DICOM file by an allow-list of tags: values that are not named here stay in the parser.
import type { CtFrame, CtInstance } from "./ct-instance.ts";
import type { Decimals } from "./decimal-text.ts";
import type { ElementSet } from "./element-set.ts";
import { jsonElements } from "./json-elements.ts";
import { type DicomLimits, dicomLimits } from "./limits.ts";
import { type ParsedElements, parseElements } from "./parse-elements.ts";
import { locatePixels, type PixelData, type StoredBytes } from "./pixel-data.ts";
import { malformed, tooLarge } from "./refusals.ts";
import {
  type NumberForm,
  orderAttributes,
  type VolumeAttribute,
  type VolumeMark,
  volumeMarks,
} from "./volume-attributes.ts";

/** A file with its pixels as they are stored, still compressed; decode-frames.ts turns them into HU. */
export interface DicomFile {
  /** The header's values. */
  readonly instance: CtInstance;
  /** One entry a frame, in the order of `instance.frames`. */
  readonly pixels: PixelData;
}

/**
 * Reads a whole file: every transfer syntax of transfer-syntax.ts, with or without preamble and meta header, single or
 * enhanced multi-frame. The pixels are views of `bytes`, not copies.
 *
 * @throws DICOM_FOREIGN, DICOM_TRUNCATED, DICOM_MALFORMED, DICOM_TOO_LARGE, DICOM_UNSUPPORTED
 */
export function readInstance(bytes: Uint8Array, limits: DicomLimits = dicomLimits): DicomFile {
  const parsed = parseElements(bytes, limits, { partial: false });
  const instance = describeParsed(parsed, limits);
  return { instance, pixels: locatePixels(parsed, instance) };
}

/**
 * The same for a file of which only the first bytes are in memory: plain pixels are read from `stored` later.
 *
 * @returns undefined if its pixels are not plain, and the whole file must be read into memory
 * @throws those of readInstance; DICOM_TRUNCATED also where `head` is too short: call again with more
 */
export function readStoredInstance(head: Uint8Array, stored: StoredBytes, limits: DicomLimits): DicomFile | undefined {
  const parsed = parseElements(head, limits, { partial: true });
  const { transferSyntax, pixels } = parsed;
  const isPlain = transferSyntax?.codec === "none" && !transferSyntax.deflated && pixels?.length !== undefined;
  if (!isPlain) return undefined;
  const instance = describeParsed(parsed, limits);
  return { instance, pixels: locatePixels(parsed, instance, stored) };
}

/**
 * Reads the header of a file and stops before its pixels; objects without pixels (reports, directories) are read as
 * well. The first 64 KiB of a file are nearly always enough; if not, it throws DICOM_TRUNCATED: call again with more.
 *
 * @throws DICOM_FOREIGN, DICOM_TRUNCATED, DICOM_MALFORMED, DICOM_TOO_LARGE
 */
export function readInstanceHeader(bytes: Uint8Array, limits: DicomLimits = dicomLimits): CtInstance {
  return describeParsed(parseElements(bytes, limits, { partial: true }), limits);
}

/**
 * Reads the header of an instance from its data set in the JSON model of PS3.18 F, as an image server describes it. The
 * transfer syntax is "" where the server does not name it.
 *
 * @throws DICOM_MALFORMED, DICOM_TOO_LARGE
 */
export function readInstanceDataset(dataset: unknown, limits: DicomLimits = dicomLimits): CtInstance {
  const elements = jsonElements(dataset);
  // Servers may leave the pixels out altogether: then their size says that there are some.
  const hasPixels = elements.has(pixelData) || elements.uint16("00280010") !== undefined;
  return describe({ elements, transferSyntaxUid: elements.plainText(availableTransferSyntax), hasPixels }, limits);
}

const pixelData = "7fe00010";
const modalityLut = "00283000";
/** PS3.18: of an instance as the server stores it. */
const availableTransferSyntax = "00083002";

interface Described {
  readonly elements: ElementSet;
  readonly transferSyntaxUid: string;
  readonly hasPixels: boolean;
}

function describeParsed({ pixels, ...parsed }: ParsedElements, limits: DicomLimits): CtInstance {
  return describe({ ...parsed, hasPixels: pixels !== undefined }, limits);
}

function describe({ elements, transferSyntaxUid, hasPixels }: Described, limits: DicomLimits): CtInstance {
  const isSigned = elements.uint16("00280103") === 1;
  const padding = (tag: string) => {
    const word = elements.uint16(tag);
    // Written as US or SS, whatever the pixels are: the same 16 bits mean the same value.
    return word !== undefined && isSigned ? (word << 16) >> 16 : word;
  };
  const shared = elements.items("52009229")[0];
  const image = hasPixels ? describeImage(elements, limits) : noImage;
  const bitsStored = hasPixels ? (elements.uint16("00280101") ?? image.bitsAllocated) : 0;
  const unreadable = new Set<string>();
  const thickness = readNumbers([shared?.items("00289110")[0], elements], "00180050", 1);
  if (thickness === "unreadable") unreadable.add("SliceThickness");
  const frames = hasPixels ? describeFrames(elements, limits, unreadable) : [];
  return {
    transferSyntax: transferSyntaxUid,
    sopClass: elements.plainText("00080016"),
    modality: elements.plainText("00080060").toUpperCase(),
    patientId: elements.text("00100020"),
    accessionNumber: elements.text("00080050"),
    studyUid: elements.plainText("0020000d"),
    seriesUid: elements.plainText("0020000e"),
    instanceUid: elements.plainText("00080018"),
    frameOfReferenceUid: elements.plainText("00200052"),
    imageType: elements
      .plainText("00080008")
      .split("\\")
      .map((part) => part.trim().toUpperCase())
      .filter((part) => part !== ""),
    manufacturer: elements.text("00080070"),
    manufacturerModel: elements.text("00081090"),
    kernel: elements.text("00181210") || (shared?.items("00189314")[0]?.text("00181210") ?? ""),
    bodyPart: elements.text("00180015").toUpperCase(),
    patientPosition: elements.plainText("00185100").toUpperCase(),
    sliceThicknessMm: known(thickness)?.[0],
    unreadable: [...unreadable].sort(),
    hasPixels,
    ...image,
    photometricInterpretation: elements.plainText("00280004").toUpperCase(),
    bitsStored,
    highBit: elements.uint16("00280102") ?? Math.max(bitsStored - 1, 0),
    isSigned,
    pixelPaddingValue: padding("00280120"),
    pixelPaddingLimit: padding("00280121"),
    frames,
  };
}

const noImage = { rows: 0, columns: 0, samplesPerPixel: 0, bitsAllocated: 0 };

function describeImage(elements: ElementSet, limits: DicomLimits): typeof noImage {
  const rows = elements.uint16("00280010") ?? 0;
  const columns = elements.uint16("00280011") ?? 0;
  if (rows === 0 || columns === 0) throw malformed("rows and columns");
  if (Math.max(rows, columns) > limits.maxMatrix)
    throw tooLarge("rows or columns", Math.max(rows, columns), limits.maxMatrix);
  const samplesPerPixel = elements.uint16("00280002") ?? 1;
  return { rows, columns, samplesPerPixel, bitsAllocated: elements.uint16("00280100") ?? 16 };
}

/** One entry a frame; values of an enhanced file come from its own functional groups, then the shared ones. PS3.3 A.38 */
function describeFrames(elements: ElementSet, limits: DicomLimits, unreadable: Set<string>): readonly CtFrame[] {
  const written = elements.decimals("00280008", 1);
  const count = written === undefined ? 1 : (known(written)?.[0] ?? Number.NaN);
  if (!Number.isInteger(count) || count < 1) throw malformed("number of frames");
  if (count > limits.maxFrames) throw tooLarge("frames", count, limits.maxFrames);
  const shared = elements.items("52009229")[0];
  const own = elements.items("52009230");
  const everywhere = describeFrame(elements, undefined, shared, unreadable);
  if (own.length === 0) return Array.from({ length: count }, () => everywhere);
  return Array.from({ length: count }, (_, index) => describeFrame(elements, own[index], shared, unreadable));
}

function describeFrame(
  elements: ElementSet,
  own: ElementSet | undefined,
  shared: ElementSet | undefined,
  unreadable: Set<string>,
): CtFrame {
  const groups = (sequence: string | undefined) => {
    if (sequence === undefined) return [elements];
    return [own?.items(sequence)[0], shared?.items(sequence)[0], elements, elements.items(sequence)[0]];
  };
  const numbers = (
    name: string,
    sequence: string,
    tag: string,
    count: number,
    isPossible: (values: readonly number[]) => boolean = () => true,
  ) => {
    const found = known(readNumbers(groups(sequence), tag, count) ?? []);
    if (found?.length === 0) return undefined;
    if (found && isPossible(found)) return found;
    unreadable.add(name);
    return undefined;
  };
  const slope = numbers("RescaleSlope", "00289145", "00281053", 1)?.[0] ?? 1;
  if (slope === 0) throw malformed("rescale slope");
  const intercept = numbers("RescaleIntercept", "00289145", "00281052", 1)?.[0];
  // A table from stored values to HU in its place is not read. PS3.3 C.11.1
  if (intercept === undefined && elements.items(modalityLut).length > 0) unreadable.add("ModalityLUTSequence");
  const marks: Partial<Record<VolumeMark, string>> = {};
  for (const [name, { tag, sequence, form }] of markEntries) {
    const text = firstOf(groups(sequence), (set) => markText(set, tag, form));
    if (text !== undefined) marks[name] = text;
  }
  return {
    positionMm: numbers("ImagePositionPatient", "00209113", "00200032", 3) as CtFrame["positionMm"],
    orientation: numbers("ImageOrientationPatient", "00209116", "00200037", 6, areDirections) as CtFrame["orientation"],
    pixelSpacingMm: numbers("PixelSpacing", "00289110", "00280030", 2, areSpacings) as CtFrame["pixelSpacingMm"],
    rescaleSlope: slope,
    rescaleIntercept: intercept ?? 0,
    rescaleType: firstOf(groups("00289145"), (set) => set.plainText("00281054") || undefined) ?? "",
    marks,
    order: orderEntries.map((attributes) => {
      // Times are compared as numbers. An older standard wrote colons.
      const text = firstOf(attributes, ({ tag, sequence }) =>
        firstOf(groups(sequence), (set) => set.plainText(tag) || undefined),
      );
      const value = Number.parseFloat(text?.replaceAll(":", "").replace(",", ".") ?? "");
      return Number.isFinite(value) ? value : null;
    }),
  };
}

/** A scanner's pixels have 0.1 to 2 mm; nothing can be measured in pixels without a size. */
function areSpacings(values: readonly number[]): boolean {
  return values.every((value) => value >= 0.001 && value <= 100);
}

/** Cosines of a row and of a column, neither of which is nothing. */
function areDirections(cosines: readonly number[]): boolean {
  return [cosines.slice(0, 3), cosines.slice(3)].every((one) => Math.abs(Math.hypot(...one) - 1) < 0.1);
}

/** As long as the values of SH and LO, and the beginning of longer text. */
const longestMark = 64;

function markText(set: ElementSet, tag: string, form: NumberForm | undefined): string | undefined {
  if (form === undefined) return set.text(tag).slice(0, longestMark).trim() || undefined;
  const number = set.number(tag, form);
  // A single float has no more digits.
  return number === undefined ? undefined : String(Number(number.toPrecision(6)));
}

const markEntries = Object.entries(volumeMarks) as [VolumeMark, VolumeAttribute][];
const orderEntries: readonly (readonly VolumeAttribute[])[] = Object.values(orderAttributes);

function readNumbers(sets: readonly (ElementSet | undefined)[], tag: string, count: number): Decimals | undefined {
  return firstOf(sets, (set) => set.decimals(tag, count));
}

function known(decimals: Decimals | undefined): readonly number[] | undefined {
  return decimals === "unreadable" ? undefined : decimals;
}

function firstOf<Item, Value>(
  items: readonly (Item | undefined)[],
  read: (item: Item) => Value | undefined,
): Value | undefined {
  for (const item of items) {
    const value = item === undefined ? undefined : read(item);
    if (value !== undefined) return value;
  }
  return undefined;
}

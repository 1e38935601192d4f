// Reads values of single elements as text and numbers, each within its own bytes and within bounds.
import type dicomParser from "dicom-parser";
import { type TextDecoding, textDecodingOf } from "./character-set.ts";
import { type Decimals, hasCertainComma, ofCount, readDecimals } from "./decimal-text.ts";
import type { NumberForm } from "./volume-attributes.ts";

export type Elements = Readonly<Record<string, dicomParser.Element>>;

/** Elements of a data set or of a sequence's item; tags in lower case, such as "0020000d". Other elements are not read. */
export interface ElementSet {
  has(tag: string): boolean;
  /** Text in the file's character set without its padding; "" where there is none. */
  text(tag: string): string;
  /** The same of values that are ASCII by definition: codes, UIDs, times. */
  plainText(tag: string): string;
  /** `count` numbers written as text (DS, IS); undefined if there is no value. */
  decimals(tag: string, count: number): Decimals | undefined;
  /** A number of this VR, or written as text where the file says so; undefined where it cannot be read. */
  number(tag: string, form: NumberForm): number | undefined;
  /** The first 16-bit word (US), or undefined. */
  uint16(tag: string): number | undefined;
  items(tag: string): readonly ElementSet[];
}

/** No text of CT that we read is longer; an item list of a sequence is not text. */
const longestText = 1024;
const nothing = Buffer.alloc(0);
/** Rescale, spacings, thickness, orientation: numbers that nearly all files write. */
const writtenNumbers = ["00281052", "00281053", "00280030", "00180050", "00200032", "00200037", "00180060", "00201041"];

/** VRs of binary numbers: of elements that should have one, and of numbers that should be text. */
type BinaryForm = NumberForm | "SS" | "SL";

const formBytes: Readonly<Record<BinaryForm, number>> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8 };
const readForm: Readonly<Record<BinaryForm, (view: DataView, at: number, isLittle: boolean) => number>> = {
  US: (view, at, isLittle) => view.getUint16(at, isLittle),
  SS: (view, at, isLittle) => view.getInt16(at, isLittle),
  UL: (view, at, isLittle) => view.getUint32(at, isLittle),
  SL: (view, at, isLittle) => view.getInt32(at, isLittle),
  FL: (view, at, isLittle) => view.getFloat32(at, isLittle),
  FD: (view, at, isLittle) => view.getFloat64(at, isLittle),
};

function isBinaryForm(vr: string | undefined): vr is BinaryForm {
  return vr !== undefined && vr in formBytes;
}

/** Of one element: six cosines. */
const mostNumbers = 6;

function ofBinary(numbers: readonly number[], count: number): Decimals | undefined {
  if (numbers.length === 0) return undefined;
  return numbers.every(Number.isFinite) ? ofCount(numbers, count) : "unreadable";
}

/** Spaces and zeros, which fill an empty value. */
function isPadding(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

export function elementSet(elements: Elements, bytes: Buffer, bigEndian: boolean, parent?: ElementSet): ElementSet {
  const extentOf = (tag: string): { start: number; end: number } | undefined => {
    const element = elements[`x${tag}`];
    if (!element || element.length === 0) return undefined;
    const end = Math.min(element.dataOffset + element.length, bytes.length);
    return { start: element.dataOffset, end: Math.max(end, element.dataOffset) };
  };
  const trimmed = (written: string): string => {
    const end = written.indexOf("\0");
    return (end < 0 ? written : written.slice(0, end)).trim();
  };
  const written = (tag: string): Buffer => {
    const value = extentOf(tag);
    return value ? bytes.subarray(value.start, Math.min(value.end, value.start + longestText)) : nothing;
  };
  // Most of the elements that are asked for are absent.
  const plainText = (tag: string) => (elements[`x${tag}`] ? trimmed(written(tag).toString("latin1")) : "");
  const binary = (tag: string, form: BinaryForm): number[] => {
    const value = extentOf(tag);
    if (!value) return [];
    const view = new DataView(bytes.buffer, bytes.byteOffset + value.start, value.end - value.start);
    const count = Math.floor(view.byteLength / formBytes[form]);
    return Array.from({ length: Math.min(count, mostNumbers) }, (_, index) =>
      readForm[form](view, index * formBytes[form], !bigEndian),
    );
  };
  const itemsOf = new Map<string, readonly ElementSet[]>();
  let decoding: TextDecoding | undefined;
  const set: ElementSet = {
    has: (tag) => elements[`x${tag}`] !== undefined,
    plainText,
    text(tag) {
      if (!elements[`x${tag}`]) return "";
      decoding ??= textDecodingOf((parent ?? set).plainText("00080005"));
      return trimmed(decoding(written(tag)));
    },
    decimals(tag, count) {
      const element = elements[`x${tag}`];
      if (!element) return undefined;
      const { vr } = element;
      // Some writers give numbers that should be text a binary VR, which says what they are.
      if (isBinaryForm(vr)) return ofBinary(binary(tag, vr), count);
      const text = plainText(tag);
      // Bytes before which a text ends are no text, and no absent value either.
      if (text === "") return written(tag).every(isPadding) ? undefined : "unreadable";
      return readDecimals(text, count, () =>
        [set, parent].some((one) => writtenNumbers.some((other) => one && hasCertainComma(one.plainText(other)))),
      );
    },
    number(tag, form) {
      const element = elements[`x${tag}`];
      if (!element) return undefined;
      const { vr } = element;
      if (vr === "DS" || vr === "IS") {
        const decimals = set.decimals(tag, 1);
        return decimals === "unreadable" ? undefined : decimals?.[0];
      }
      // An implicit data set names no VR.
      const [number] = binary(tag, isBinaryForm(vr) ? vr : form);
      return Number.isFinite(number) ? number : undefined;
    },
    uint16(tag) {
      const value = extentOf(tag);
      if (!value || value.end - value.start < 2) return undefined;
      return bigEndian ? bytes.readUInt16BE(value.start) : bytes.readUInt16LE(value.start);
    },
    items(tag) {
      const known = itemsOf.get(tag);
      if (known) return known;
      const items = (elements[`x${tag}`]?.items ?? []).map(({ dataSet }) =>
        elementSet(dataSet?.elements ?? {}, bytes, bigEndian, parent ?? set),
      );
      itemsOf.set(tag, items);
      return items;
    },
  };
  return set;
}

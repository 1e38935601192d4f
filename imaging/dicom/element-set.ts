// Reads values of single elements as text and numbers, each within its own bytes and within bounds.
import type dicomParser from "dicom-parser";

export type Elements = Readonly<Record<string, dicomParser.Element>>;

/** Elements of a data set or of a sequence's item; tags in lower case, such as "0020000d". Nothing is read that is not asked for by tag. */
export interface ElementSet {
  has(tag: string): boolean;
  /** Text without its padding; "" where there is none. */
  text(tag: string): string;
  /** Numbers written as text (DS, IS); undefined unless all of them are finite numbers. */
  decimals(tag: string): readonly number[] | undefined;
  /** The first 16-bit word (US), or undefined. */
  uint16(tag: string): number | undefined;
  items(tag: string): readonly ElementSet[];
}

/** No text of CT that we read is longer; an item list of a sequence is not text. */
const LONGEST_TEXT = 1024;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

export function elementSet(elements: Elements, bytes: Buffer, bigEndian: boolean): ElementSet {
  const extentOf = (tag: string): { start: number; end: number } | undefined => {
    const element = elements[`x${tag}`];
    if (!element || element.length === 0) return undefined;
    const end = Math.min(element.dataOffset + element.length, bytes.length);
    return { start: element.dataOffset, end: Math.max(end, element.dataOffset) };
  };
  const text = (tag: string): string => {
    const value = extentOf(tag);
    if (!value) return "";
    const written = bytes.toString("latin1", value.start, Math.min(value.end, value.start + LONGEST_TEXT));
    const end = written.indexOf("\0");
    return (end < 0 ? written : written.slice(0, end)).trim();
  };
  return {
    has: (tag) => elements[`x${tag}`] !== undefined,
    text,
    decimals(tag) {
      const written = text(tag);
      if (written === "") return undefined;
      const parts = written.split("\\").map((part) => part.trim());
      return parts.every((part) => DECIMAL.test(part) && Number.isFinite(Number(part))) ? parts.map(Number) : undefined;
    },
    uint16(tag) {
      const value = extentOf(tag);
      if (!value || value.end - value.start < 2) return undefined;
      return bigEndian ? bytes.readUInt16BE(value.start) : bytes.readUInt16LE(value.start);
    },
    items: (tag) =>
      (elements[`x${tag}`]?.items ?? []).map(({ dataSet }) => elementSet(dataSet?.elements ?? {}, bytes, bigEndian)),
  };
}

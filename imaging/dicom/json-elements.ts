// Elements of a data set in the JSON model (PS3.18 F.2), as an image server describes an instance: the same values as
// element-set.ts reads from the file. Numbers written as text (DS, IS) may come as numbers here.
import { type Decimals, readDecimals } from "./decimal-text.ts";
import type { ElementSet } from "./element-set.ts";

/** As long as the values that are read from a file. */
const longestText = 1024;

/** @param dataset foreign: what is not of the model's form counts as absent */
export function jsonElements(dataset: unknown): ElementSet {
  const elements = isRecord(dataset) ? dataset : {};
  const valuesOf = (tag: string): readonly unknown[] => {
    const element = elements[tag.toUpperCase()];
    const values = isRecord(element) ? element["Value"] : undefined;
    return Array.isArray(values) ? values : [];
  };
  const plainText = (tag: string): string => {
    const text = valuesOf(tag).map(textOf).join("\\").slice(0, longestText);
    const end = text.indexOf("\0");
    return (end < 0 ? text : text.slice(0, end)).trim();
  };
  return {
    has: (tag) => isRecord(elements[tag.toUpperCase()]),
    plainText,
    text: (tag) => plainText(tag).normalize("NFC"),
    decimals(tag, count): Decimals | undefined {
      const text = plainText(tag);
      return text === "" ? undefined : readDecimals(text, count, () => false);
    },
    number(tag) {
      const number = Number.parseFloat(plainText(tag));
      return Number.isFinite(number) ? number : undefined;
    },
    uint16(tag) {
      const [value] = valuesOf(tag);
      // A signed word (SS) has the same bits.
      return typeof value === "number" && Number.isInteger(value) ? value & 0xffff : undefined;
    },
    items: (tag) => valuesOf(tag).filter(isRecord).map(jsonElements),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

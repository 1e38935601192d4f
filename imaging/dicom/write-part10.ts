// Writes DICOM Part 10 files: the synthetic archive's and those of results. A few lines instead of a library, and apart from the
// reader, so that this is not tested with files of its own making.
import { deflateRawSync } from "node:zlib";

/** An element's value: text, whole numbers of its VR, bytes, or a sequence's items. */
export type ElementValue = string | readonly number[] | Uint8Array | readonly Dataset[];

/** Elements by tag ("00280010") with their VR, in any order. */
export type Dataset = ReadonlyMap<string, { readonly vr: string; readonly value: ElementValue }>;

/** How a data set becomes bytes (PS3.5 annex A). */
export interface Transfer {
  readonly uid: string;
  readonly explicit: boolean;
  readonly bigEndian: boolean;
  readonly deflated: boolean;
}

export const explicitLittle: Transfer = transfer("1.2.840.10008.1.2.1");
export const implicitLittle: Transfer = { ...transfer("1.2.840.10008.1.2"), explicit: false };
export const explicitBig: Transfer = { ...transfer("1.2.840.10008.1.2.2"), bigEndian: true };
export const deflatedLittle: Transfer = { ...transfer("1.2.840.10008.1.2.1.99"), deflated: true };

/** A transfer syntax of encapsulated (compressed) pixels: explicit little endian around them. */
export function transfer(uid: string): Transfer {
  return { uid, explicit: true, bigEndian: false, deflated: false };
}

const longHeader = new Set(["OB", "OW", "OF", "OD", "OL", "UN", "UT", "UC", "UR", "SQ", "OV", "SV", "UV"]);
const numberBytes: Readonly<Record<string, number>> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, AT: 2 };
const undefinedLength = 0xffffffff;

/**
 * Writes a whole file. Pixels are the element 7FE00010 of the data set as bytes in the transfer's byte order, or
 * `frames`, each one compressed frame, which are encapsulated with an empty offset table (PS3.5 A.4).
 *
 * @param text how text is written; latin1 takes the bytes of any character set as they are
 * @param preamble false leaves out the 128 bytes and "DICM", as some archives do
 */
export function writePart10(
  dataset: Dataset,
  {
    syntax = explicitLittle,
    frames,
    preamble = true,
    text: encoding = "latin1",
  }: { syntax?: Transfer; frames?: readonly Uint8Array[]; preamble?: boolean; text?: TextEncoding } = {},
): Buffer {
  const meta = writeElements(
    new Map([
      ["00020001", { vr: "OB", value: Uint8Array.of(0, 1) }],
      ["00020002", { vr: "UI", value: text(dataset, "00080016") }],
      ["00020003", { vr: "UI", value: text(dataset, "00080018") }],
      ["00020010", { vr: "UI", value: syntax.uid }],
      ["00020012", { vr: "UI", value: "2.25.264814277158924190478103542101" }],
    ]),
    explicitLittle,
  );
  const groupLength = writeElements(new Map([["00020000", { vr: "UL", value: [meta.length] }]]), explicitLittle);
  const body = Buffer.concat([writeElements(dataset, syntax, encoding), ...(frames ? encapsulate(frames) : [])]);
  const start = preamble ? [Buffer.alloc(128), Buffer.from("DICM")] : [];
  return Buffer.concat([...start, groupLength, meta, syntax.deflated ? even(deflateRawSync(body), 0) : body]);
}

function text(dataset: Dataset, tag: string): string {
  const value = dataset.get(tag)?.value;
  return typeof value === "string" ? value : "";
}

type TextEncoding = "utf8" | "latin1";

function writeElements(dataset: Dataset, syntax: Transfer, encoding: TextEncoding = "latin1"): Buffer {
  const tags = [...dataset.keys()].sort();
  return Buffer.concat(
    tags.flatMap((tag) => {
      const { vr, value } = dataset.get(tag)!;
      const bytes = valueBytes(vr, value, syntax, encoding);
      return [header(tag, vr, vr === "SQ" ? undefinedLength : bytes.length, syntax), bytes];
    }),
  );
}

function header(tag: string, vr: string, length: number, { explicit, bigEndian }: Transfer): Buffer {
  const long = explicit && longHeader.has(vr);
  const bytes = Buffer.alloc(long ? 12 : 8);
  const put16 = (value: number, at: number) =>
    bigEndian ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at);
  const put32 = (value: number, at: number) =>
    bigEndian ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at);
  put16(Number.parseInt(tag.slice(0, 4), 16), 0);
  put16(Number.parseInt(tag.slice(4), 16), 2);
  const named = vr !== "";
  if (!explicit || !named) put32(length, 4);
  else {
    bytes.write(vr, 4, "latin1");
    if (long) put32(length, 8);
    else put16(length, 6);
  }
  return bytes;
}

function valueBytes(vr: string, value: ElementValue, syntax: Transfer, encoding: TextEncoding): Buffer {
  if (typeof value === "string") return even(Buffer.from(value, encoding), vr === "UI" ? 0 : 0x20);
  if (value instanceof Uint8Array) return even(Buffer.from(value.buffer, value.byteOffset, value.byteLength), 0);
  if (vr === "SQ") {
    const items = (value as readonly Dataset[]).flatMap((item) => {
      const bytes = writeElements(item, syntax, encoding);
      return [header("FFFEE000", "", bytes.length, syntax), bytes];
    });
    return Buffer.concat([...items, header("FFFEE0DD", "", 0, syntax)]);
  }
  const width = numberBytes[vr];
  if (width === undefined) throw new TypeError(`numbers cannot be written as ${vr}`);
  const numbers = value as readonly number[];
  const view = new DataView(new ArrayBuffer(width * numbers.length));
  for (const [index, number] of numbers.entries()) {
    const at = index * width;
    if (vr === "FL") view.setFloat32(at, number, !syntax.bigEndian);
    else if (vr === "FD") view.setFloat64(at, number, !syntax.bigEndian);
    else if (width === 4) view.setInt32(at, number | 0, !syntax.bigEndian);
    else view.setInt16(at, number, !syntax.bigEndian);
  }
  return Buffer.from(view.buffer);
}

function encapsulate(frames: readonly Uint8Array[]): Buffer[] {
  const little = explicitLittle;
  const fragments = frames.flatMap((frame) => {
    const bytes = even(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength), 0);
    return [header("FFFEE000", "", bytes.length, little), bytes];
  });
  const open = header("7FE00010", "OB", undefinedLength, little);
  return [open, header("FFFEE000", "", 0, little), ...fragments, header("FFFEE0DD", "", 0, little)];
}

function even(bytes: Buffer, pad: number): Buffer {
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from([pad])]);
}

// Named tensors as bytes, in the safetensors format, so that numpy and PyTorch open every model and update.
// The same tensors always give the same bytes, and the data starts at a multiple of 1,024 bytes.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";

/** Where the data may start; any multiple of it is aligned for every type. */
const alignment = 1024;

const arrays = {
  F32: Float32Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const;
/** The types of values that models, updates and masked objects use. @useDeclaredType */
export type TensorType = keyof typeof arrays;
/** Values of a tensor. */
export type TensorData = Float32Array | Int32Array | Int16Array | Int8Array | Uint16Array | Uint8Array;

/** A tensor with its values, row by row. */
export interface NamedTensor {
  /** Unique in its file; parts by "/", as in `server/control/<tensor>`. */
  readonly name: string;
  /** Type of the values, little endian in the file. */
  readonly dtype: TensorType;
  /** Length of each axis, the slowest first; [] for a scalar. */
  readonly shape: readonly number[];
  /** Row-major values; as many as the product of the shape. */
  readonly data: TensorData;
}

/** The place of a tensor's values in the file. */
export interface TensorEntry {
  /** Unique in its file. */
  readonly name: string;
  /** Type of the values, little endian in the file. */
  readonly dtype: TensorType;
  /** Length of each axis, the slowest first; at most 8 in a foreign file. */
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Size of the values: the product of the shape times the bytes of an element. */
  readonly bytes: number;
}

/** What a safetensors file holds, without the values. */
export interface SafetensorsHeader {
  /** In the order of their values in the file, without gaps. */
  readonly tensors: readonly TensorEntry[];
  /** The format's `__metadata__`: here the exponents of a model's or an update's steps; {} where there is none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes before the first value: a multiple of 1024 in files that we write. */
  readonly dataOffset: number;
}

/** Largest header of a foreign file: 4 MiB hold more than 20,000 tensors. */
const maxHeaderBytes = 4 << 20;

export function elementBytes(dtype: TensorType): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** The bytes before the data, and each tensor's place. Tensors are sorted: wider elements first (alignment), then by name. */
export function layoutSafetensors(
  tensors: readonly Pick<NamedTensor, "name" | "dtype" | "shape">[],
  metadata: Readonly<Record<string, string>> = {},
): { header: Uint8Array; entries: TensorEntry[]; totalBytes: number } {
  const sorted = [...tensors].sort(
    (a, b) => elementBytes(b.dtype) - elementBytes(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const listed: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) {
    listed["__metadata__"] = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  let end = 0;
  const places: Omit<TensorEntry, "offset">[] = [];
  const starts: number[] = [];
  for (const { name, dtype, shape } of sorted) {
    if (Object.hasOwn(listed, name)) throw new FedError("TENSOR_DUPLICATE", { name });
    const bytes = elementCount(shape) * elementBytes(dtype);
    listed[name] = { dtype, shape, data_offsets: [end, end + bytes] };
    starts.push(end);
    places.push({ name, dtype, shape, bytes });
    end += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(listed));
  const dataOffset = Math.ceil((8 + json.byteLength) / alignment) * alignment;
  const header = new Uint8Array(dataOffset).fill(0x20); // the format allows trailing spaces
  new DataView(header.buffer).setBigUint64(0, BigInt(dataOffset - 8), true);
  header.set(json, 8);
  const entries = places.map((place, index) => ({ ...place, offset: dataOffset + starts[index]! }));
  return { header, entries, totalBytes: dataOffset + end };
}

/**
 * The file of these tensors: the same bytes for any order of theirs. The values start at a multiple of 1024 bytes.
 * @throws TENSOR_DUPLICATE, TENSOR_SHAPE_MISMATCH
 */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { header, entries, totalBytes } = layoutSafetensors(tensors, metadata);
  const bytes = new Uint8Array(totalBytes);
  bytes.set(header);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const entry of entries) {
    const { data } = byName.get(entry.name) as NamedTensor;
    if (data.byteLength !== entry.bytes || !(data instanceof arrays[entry.dtype])) {
      throw new FedError("TENSOR_SHAPE_MISMATCH", {
        name: entry.name,
        expectedBytes: entry.bytes,
        bytes: data.byteLength,
      });
    }
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), entry.offset);
  }
  return bytes;
}

const tensorSchema = z
  .object({
    dtype: z.enum(["F32", "I32", "I16", "I8", "U16", "U8"]),
    shape: z.array(z.number().int().nonnegative().safe()).max(8),
    data_offsets: z.tuple([z.number().int().nonnegative().safe(), z.number().int().nonnegative().safe()]),
  })
  .strict();

/**
 * Reads the header of a foreign file from its first bytes; the header may have 4 MiB.
 * @param fileBytes size of the whole file: the tensors must fill it exactly, without holes or overlaps
 * @throws SAFETENSORS_MALFORMED saying what does not hold
 */
export function parseSafetensorsHeader(start: Uint8Array, fileBytes: number): SafetensorsHeader {
  const refuse = (what: string, cause?: unknown) =>
    new FedError("SAFETENSORS_MALFORMED", { what, fileBytes }, { cause });
  if (start.byteLength < 8) throw refuse("shorter than 8 bytes");
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (length > maxHeaderBytes || 8 + length > fileBytes) throw refuse("header length");
  if (start.byteLength < 8 + length) throw refuse("header cut off");
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(start.subarray(8, 8 + length)));
  } catch (cause) {
    throw refuse("header is not JSON", cause);
  }
  const record = z.record(z.unknown()).safeParse(parsed);
  if (!record.success) throw refuse("header is not an object");
  const { __metadata__: rawMetadata = {}, ...rest } = record.data;
  const metadata = z.record(z.string()).safeParse(rawMetadata);
  if (!metadata.success) throw refuse("metadata");
  const tensors: TensorEntry[] = [];
  // As a key of a plain object it would set the prototype.
  if (Object.hasOwn(parsed as object, "__proto__")) throw refuse("tensor name");
  for (const [name, raw] of Object.entries(rest)) {
    const tensor = tensorSchema.safeParse(raw);
    if (!tensor.success) throw refuse("tensor entry");
    const { dtype, shape, data_offsets } = tensor.data;
    const bytes = data_offsets[1] - data_offsets[0];
    if (bytes !== elementCount(shape) * elementBytes(dtype)) throw refuse("tensor size");
    tensors.push({ name, dtype, shape, offset: 8 + length + data_offsets[0], bytes });
  }
  tensors.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = 8 + length;
  for (const { offset, bytes } of tensors) {
    if (offset !== end) throw refuse("holes or overlaps");
    end += bytes;
  }
  if (end !== fileBytes) throw refuse("file size");
  return { tensors, metadata: metadata.data, dataOffset: 8 + length };
}

/** The tensors of a whole file, copied, so that they are aligned. @throws SAFETENSORS_MALFORMED */
export function decodeSafetensors(bytes: Uint8Array): {
  /** In the order of their values in the file. */
  tensors: NamedTensor[];
  /** The format's `__metadata__`; {} where there is none. */
  metadata: Readonly<Record<string, string>>;
} {
  const header = parseSafetensorsHeader(bytes, bytes.byteLength);
  const tensors = header.tensors.map((entry) => {
    // Buffer.slice would give a view at any offset.
    const copy = new Uint8Array(bytes.subarray(entry.offset, entry.offset + entry.bytes));
    const { name, dtype, shape } = entry;
    return { name, dtype, shape, data: new arrays[dtype](copy.buffer, 0, copy.byteLength / elementBytes(dtype)) };
  });
  return { tensors, metadata: header.metadata };
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

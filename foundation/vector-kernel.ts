// WebAssembly with vector instructions, which JavaScript has not: assembled here from a few words, so that an auditor reads
// what runs.

// WebAssembly Core Specification 2.0, section 5.4 (instructions) and 5.5 (modules).
const i32 = 0x7f;
const v128 = 0x7b;

export const get = (local: number) => [0x20, local];
export const set = (local: number) => [0x21, local];
export const constant = (value: number) => [0x41, ...signed(value)];
export const add = [0x6a];
/** A number of 32 bits in memory. */
export const loadNumber = (offset: number) => [0x28, 0, offset];
const lessUnsigned = [0x49];
/** Runs the body until the first local is no longer less than the second: once at least. */
export const whileLess = (at: number, end: number, ...body: readonly (readonly number[])[]) => [
  ...[0x03, 0x40, ...body.flat()],
  ...[...get(at), ...get(end), ...lessUnsigned, 0x0d, 0, 0x0b],
];
/** Adds a number to a local. */
export const step = (local: number, by: number) => [...get(local), ...constant(by), ...add, ...set(local)];

/** Vectors of 16 bytes; an offset is below 128. */
export const load = (offset = 0) => [0xfd, 0x00, 0, offset];
export const store = (offset = 0) => [0xfd, 0x0b, 0, offset];
export const and = [0xfd, 0x4e];
export const or = [0xfd, 0x50];
export const select = [0xfd, 0x52];

/** Lanes of 16 bits out of two vectors: 0 to 7 of the first, 8 to 15 of the second. */
function pick(lanes: readonly number[]): number[] {
  return [0xfd, 0x0d, ...lanes.flatMap((lane) => [2 * lane, 2 * lane + 1])];
}

/** Eight lanes of 16 bits. */
export const lanes16 = {
  splat: [0xfd, 0x10],
  equal: [0xfd, 0x2d],
  less: [0xfd, 0x2f],
  shiftLeft: [0xfd, 0x8b, 0x01],
  shiftRightSigned: [0xfd, 0x8c, 0x01],
  shiftRightUnsigned: [0xfd, 0x8d, 0x01],
  add: [0xfd, 0x8e, 0x01],
  subtract: [0xfd, 0x91, 0x01],
  addSaturating: [0xfd, 0x8f, 0x01],
  min: [0xfd, 0x96, 0x01],
  max: [0xfd, 0x98, 0x01],
  /** Two vectors of 32-bit lanes, saturating. */
  fromLanes32: [0xfd, 0x85, 0x01],
  pick,
  /** Eight signed bytes. */
  loadBytes: [0xfd, 0x01, 0, 0],
  /** Lanes of two vectors in turn, of their lower or their upper halves. */
  zipLower: pick([0, 8, 1, 9, 2, 10, 3, 11]),
  zipUpper: pick([4, 12, 5, 13, 6, 14, 7, 15]),
} as const;

/** Four lanes of 32 bits. */
export const lanes32 = {
  splat: [0xfd, 0x11],
  add: [0xfd, 0xae, 0x01],
  shiftRightSigned: [0xfd, 0xac, 0x01],
  shiftRightUnsigned: [0xfd, 0xad, 0x01],
  /** Of the lower, or the upper, four lanes of 16 bits without a sign. */
  productLower: [0xfd, 0xbe, 0x01],
  productUpper: [0xfd, 0xbf, 0x01],
  /** Sums of neighbouring lanes of 16 bits. */
  pairs: [0xfd, 0x7e],
  /** Sums of the products of two neighbouring lanes of 16 bits. */
  dot: [0xfd, 0xba, 0x01],
  /** The lower, or the upper, four lanes of 16 bits. */
  lower: [0xfd, 0xa7, 0x01],
  upper: [0xfd, 0xa8, 0x01],
  storeLane: (lane: number) => [0xfd, 0x5a, 0, 0, lane],
} as const;

/** Four lanes of 32-bit floats. */
export const floats = { add: [0xfd, 0xe4, 0x01], subtract: [0xfd, 0xe5, 0x01] } as const;

/** Two lanes of 64-bit floats. */
export const lanes64 = {
  divide: [0xfd, 0xf3, 0x01],
  multiply: [0xfd, 0xf2, 0x01],
  add: [0xfd, 0xf0, 0x01],
  /** One float of 64 bits in both lanes. */
  loadSplat: (offset: number) => [0xfd, 0x0a, 0, offset],
  /** Two floats of 32 bits. */
  loadFloats: [0xfd, 0x5d, 0, 0, 0xfd, 0x5f],
  /** The lower two floats of 32 bits. */
  fromFloats: [0xfd, 0x5f],
  /** As the lower two floats of 32 bits, rounded to nearest; the upper two are 0. */
  toFloats: [0xfd, 0x5e],
  storeLower: [0xfd, 0x5b, 0, 0, 0],
  floor: [0xfd, 0x75],
  /** As the lower two lanes of 32-bit integers, saturating; the upper two are 0. */
  toLanes32: [0xfd, 0xfc, 0x01],
  /** The lower two lanes of 32-bit integers. */
  fromLanes32: [0xfd, 0xfe, 0x01],
  /** Of two vectors, the upper halves. */
  upperOf: pick([4, 5, 6, 7, 12, 13, 14, 15]),
} as const;

/** What is used of the host's WebAssembly, whose types come only with a browser's. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** Memory of kernels: what they read and write lies in its buffer, and their parameters are offsets into it. */
export type KernelMemory = InstanceType<typeof WebAssembly.Memory>;
export type Kernel = (...parameters: number[]) => void;

export const pageBytes = 2 ** 16;

/** At least so many bytes, all 0. */
export function createKernelMemory(bytes: number): KernelMemory {
  return new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / pageBytes)) });
}

/**
 * A function of numbers: its locals are they, further numbers, and vectors, in this order.
 * @returns the function over a given memory; compiled once
 */
export function assembleKernel(
  { parameters, numbers = 0, vectors }: { parameters: number; numbers?: number; vectors: number },
  body: readonly number[],
): (memory: KernelMemory) => Kernel {
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...new Array<number>(parameters).fill(i32), 0]), // type 0: numbers, no result
    ...section(2, [1, ...text("env"), ...text("memory"), 0x02, 0, 1]), // a memory of at least one page
    ...section(3, [1, 0]), // a function of type 0
    ...section(7, [1, ...text("kernel"), 0, 0]),
    ...section(10, [1, ...sized([2, numbers, i32, vectors, v128, ...body, 0x0b])]),
  ]);
  let module: object | undefined;
  return (memory) => {
    module ??= new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return (exports as { kernel: Kernel }).kernel;
  };
}

/** LEB128 of a number with a sign, which is never less than 0 here. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >> 7)];
}

/** A length (LEB128, below 2^14) and then the content. */
function sized(content: readonly number[]): number[] {
  const { length } = content;
  return [...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), ...content];
}

const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
const text = (name: string) => sized([...new TextEncoder().encode(name)]);

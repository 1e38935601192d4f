// The sum's inner loop on 128-bit vectors. JavaScript has no vector instructions, WebAssembly has; this module is small
// enough to be assembled here, instruction by instruction, so that an auditor reads what runs. It adds integers and
// nothing else: its result is the plain loop's, bit for bit (test/protocol/strategy/weighted-sum.test.ts).
//
// For four columns a, b, c, d of 16-bit integers and 32-bit sums, eight coordinates a turn:
//   sums += a * wa + b * wb + c * wc + d * wd      (i32x4.dot_i16x8_s on interleaved columns)

/** Addresses are byte offsets into the memory; `weights` hold two 16-bit weights each, the first in the low half. */
export type DotKernel = (
  a: number,
  b: number,
  c: number,
  d: number,
  weightsAB: number,
  weightsCD: number,
  sums: number,
  sumsEnd: number,
) => void;

export interface DotKernels {
  readonly I8: DotKernel;
  readonly I16: DotKernel;
}

/** Coordinates per turn: the sums' length must be a multiple, and columns readable up to it. */
export const coordinatesPerTurn = 8;

// WebAssembly Core Specification 2.0, section 5.4 (instructions) and 5.5 (modules).
const i32 = 0x7f;
const v128 = 0x7b;
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const constant = (value: number) => [0x41, value]; // below 64: one byte of LEB128
const add = [0x6a];
const lessUnsigned = [0x49];
const loop = (...body: number[][]) => [0x03, 0x40, ...body.flat(), 0x0b];
const againIf = [0x0d, 0];
const load = (offset = 0) => [0xfd, 0x00, 0, offset];
const loadWidening = () => [0xfd, 0x01, 0, 0]; // eight signed bytes as eight 16-bit integers
const store = (offset: number) => [0xfd, 0x0b, 0, offset];
const splat = [0xfd, 0x11];
const addLanes = [0xfd, 0xae, 0x01];
const dot = [0xfd, 0xba, 0x01];
const shuffle = (...lanes: number[]) => [0xfd, 0x0d, ...lanes];
/** a0 b0 a1 b1 ... of the lower, or the upper, four 16-bit lanes of two vectors. */
const interleaveLow = shuffle(0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
const interleaveHigh = shuffle(8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);

const [sums, sumsEnd] = [6, 7];
const [splatAB, splatCD, firstVector] = [8, 9, 10];

function kernelBody(loadColumn: number[], columnBytes: number): number[] {
  const columns = [0, 1, 2, 3];
  const products = (interleave: number[], first: number, weights: number) => [
    ...get(firstVector + first),
    ...get(firstVector + first + 1),
    ...interleave,
    ...get(weights),
    ...dot,
  ];
  const addTo = (offset: number, interleave: number[]) => [
    ...get(sums),
    ...get(sums),
    ...load(offset),
    ...products(interleave, 0, splatAB),
    ...addLanes,
    ...products(interleave, 2, splatCD),
    ...addLanes,
    ...store(offset),
  ];
  const code = [
    ...get(4),
    ...splat,
    ...set(splatAB),
    ...get(5),
    ...splat,
    ...set(splatCD),
    ...loop(
      ...columns.map((column) => [...get(column), ...loadColumn, ...set(firstVector + column)]),
      addTo(0, interleaveLow),
      addTo(16, interleaveHigh),
      ...columns.map((column) => [...get(column), ...constant(columnBytes), ...add, ...set(column)]),
      [...get(sums), ...constant(32), ...add, ...set(sums)],
      [...get(sums), ...get(sumsEnd), ...lessUnsigned, ...againIf],
    ),
    0x0b,
  ];
  return sized([1, 6, v128, ...code]); // one group of six vector locals
}

/** A length (LEB128, below 2^14) and then the content. */
function sized(content: readonly number[]): number[] {
  const { length } = content;
  return [...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), ...content];
}

const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
const text = (name: string) => sized([...new TextEncoder().encode(name)]);

const moduleBytes = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 8, ...new Array<number>(8).fill(i32), 0]), // type 0: eight i32, no result
  ...section(2, [1, ...text("env"), ...text("memory"), 0x02, 0, 1]), // a memory of one page or more
  ...section(3, [2, 0, 0]), // two functions of type 0
  ...section(7, [2, ...text("I8"), 0, 0, ...text("I16"), 0, 1]),
  ...section(10, [2, ...kernelBody(loadWidening(), 8), ...kernelBody(load(), 16)]),
]);

/** What is used of the host's WebAssembly, whose types come only with a browser's. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

const pageBytes = 65536;
let compiled: object | undefined;

/** Memory of at least that many bytes, and the kernels over it. */
export function dotKernels(bytes: number): { readonly memory: ArrayBuffer; readonly kernels: DotKernels } {
  const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / pageBytes)) });
  compiled ??= new WebAssembly.Module(moduleBytes);
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { memory: memory.buffer, kernels: exports as DotKernels };
}

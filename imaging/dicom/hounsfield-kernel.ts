// Words to HU, eight a turn, where the rescale is a whole number added: that is nearly every CT there is. JavaScript has
// no vector instructions, WebAssembly has; this module is small enough to be assembled here, so that an auditor reads what
// runs. Its result is the table's of hounsfield.ts, bit for bit (test/imaging/dicom/hounsfield.test.ts).

import type { ReadBytes } from "./pixel-data.ts";

export interface KernelSettings {
  readonly isSigned: boolean;
  /** 15 - high bit: brings the stored bits to the top of the word, and drops what stands above them. */
  readonly left: number;
  /** 16 - bits stored: brings them down again, with their sign. */
  readonly right: number;
  /** -32768 to 32767. */
  readonly intercept: number;
  readonly padding: number | undefined;
  /** Below it nothing was measured. */
  readonly neverBelow: number;
  readonly outside: number;
  readonly lowest: number;
  readonly highest: number;
}

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
const load = [0xfd, 0x00, 0, 0];
const store = [0xfd, 0x0b, 0, 0];
const splat = [0xfd, 0x10];
const equal = [0xfd, 0x2d];
const less = [0xfd, 0x2f];
const and = [0xfd, 0x4e];
const or = [0xfd, 0x50];
const select = [0xfd, 0x52];
const shiftLeft = [0xfd, 0x8b, 0x01];
const shiftRightSigned = [0xfd, 0x8c, 0x01];
const shiftRightUnsigned = [0xfd, 0x8d, 0x01];
const addSaturating = [0xfd, 0x8f, 0x01];
const min = [0xfd, 0x96, 0x01];
const max = [0xfd, 0x98, 0x01];

// Parameters, then the same values in all eight lanes, then what a turn computes.
const [at, end, left, right] = [0, 1, 2, 3];
const [firstScalar, firstSplat, splats] = [4, 11, 7];
const [intercept, padding, padded, neverBelow, outside, lowest, highest] = [11, 12, 13, 14, 15, 16, 17];
const [raw, stored, hu] = [18, 19, 20];

/** Steps that these settings need; each left out saves a tenth of the time. */
interface Steps {
  readonly isSigned: boolean;
  /** Some of the word's bits are not stored ones. */
  readonly cut: boolean;
  /** Padding that is not already below what was ever measured. */
  readonly pad: boolean;
  /** HU may come out below the lowest. */
  readonly floor: boolean;
}

function stepsOf({ isSigned, left, right, intercept, padding, neverBelow, lowest }: KernelSettings): Steps {
  const leastStored = isSigned ? -(2 ** (15 - right)) : 0;
  const cut = left !== 0 || right !== 0;
  // Where bits are cut, a word may equal the padding though what is stored of it does not.
  const pad = padding !== undefined && (cut || !isSigned || padding + intercept >= neverBelow);
  return { isSigned, cut, pad, floor: leastStored + intercept < lowest };
}

function body({ isSigned, cut, pad, floor }: Steps): number[] {
  const lanes = Array.from({ length: splats }, (_, index) => index);
  const shiftRight = isSigned ? shiftRightSigned : shiftRightUnsigned;
  const padMask = [
    ...[...get(raw), ...get(padding), ...equal, ...get(stored), ...get(padding), ...equal],
    ...[...or, ...get(padded), ...and],
  ];
  const lowMask = [...get(hu), ...get(neverBelow), ...less];
  const masks = [...(pad ? padMask : []), ...(floor ? lowMask : []), ...(pad && floor ? or : [])];
  const clamped = [...get(hu), ...(floor ? [...get(lowest), ...max] : []), ...get(highest), ...min];
  const code = [
    ...lanes.flatMap((index) => [...get(firstScalar + index), ...splat, ...set(firstSplat + index)]),
    ...loop(
      [...get(at), ...load, ...set(raw)],
      [...get(raw), ...(cut ? [...get(left), ...shiftLeft, ...get(right), ...shiftRight] : []), ...set(stored)],
      [...get(stored), ...get(intercept), ...addSaturating, ...set(hu)],
      [...get(at), ...(masks.length > 0 ? [...get(outside), ...clamped, ...masks, ...select] : clamped), ...store],
      [...get(at), ...constant(16), ...add, ...set(at)],
      [...get(at), ...get(end), ...lessUnsigned, ...againIf],
    ),
    0x0b,
  ];
  return sized([1, splats + 3, v128, ...code]); // one group of vector locals
}

/** A length (LEB128, below 2^14) and then the content. */
function sized(content: readonly number[]): number[] {
  const { length } = content;
  return [...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), ...content];
}

const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
const text = (name: string) => sized([...new TextEncoder().encode(name)]);

const moduleBytes = (steps: Steps) =>
  Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 11, ...new Array<number>(11).fill(i32), 0]), // type 0: eleven i32, no result
    ...section(2, [1, ...text("env"), ...text("memory"), 0x02, 0, 1]), // a memory of at least one page
    ...section(3, [1, 0]), // a function of type 0
    ...section(7, [1, ...text("kernel"), 0, 0]),
    ...section(10, [1, ...body(steps)]),
  ]);

/** What is used of the host's WebAssembly, whose types come only with a browser's. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

type Kernel = (...parameters: number[]) => void;
/** At most sixteen, by their steps. */
const kernels = new Map<string, Kernel>();
/** 512 KiB, a slice of most scanners: one read, and it stays in the processor's cache. */
const memory = new WebAssembly.Memory({ initial: 8 });
const page = new Int16Array(memory.buffer);
const pageBytes = new Uint8Array(memory.buffer);

function kernelFor(steps: Steps): Kernel {
  const key = Object.values(steps).join();
  const kept = kernels.get(key);
  if (kept) return kept;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(steps)), { env: { memory } });
  const { kernel } = exports as { kernel: Kernel };
  kernels.set(key, kernel);
  return kernel;
}

/**
 * Writes the HU of 16-bit words to `into`, as many as fit. They are read into the kernel's own memory and rescaled there:
 * between the file and `into` nothing else holds them.
 */
export function hounsfieldByKernel(read: ReadBytes, settings: KernelSettings, into: Int16Array): void {
  const kernel = kernelFor(stepsOf(settings));
  const parameters = [
    ...[settings.left, settings.right, settings.intercept],
    ...[settings.padding ?? 0, settings.padding === undefined ? 0 : -1],
    ...[settings.neverBelow, settings.outside, settings.lowest, settings.highest],
  ];
  for (let from = 0; from < into.length; from += page.length) {
    const count = Math.min(page.length, into.length - from);
    const isWhole = count === page.length;
    read(isWhole ? pageBytes : pageBytes.subarray(0, count * 2), from * 2);
    kernel(0, count * 2, ...parameters);
    into.set(isWhole ? page : page.subarray(0, count), from);
  }
}

// A model moved by the mean change, on 128-bit vectors: four coordinates a turn, in 64-bit floats, rounded where and as
// JavaScript would (test/protocol/strategy/mean-kernel.test.ts).
//   values = float32(values + sums / total * unit)
import {
  assembleKernel,
  floats,
  get,
  type Kernel,
  type KernelMemory,
  lanes16,
  lanes64,
  load,
  set,
  step,
  store,
  whileLess,
} from "../../foundation/vector-kernel.ts";

// Parameters are addresses; the constants are the total and the unit.
const [at, end, sums, constants] = [0, 1, 2, 3];
const [total, unit, doubt, values, change, lower, upper] = [4, 5, 6, 7, 8, 9, 10];
const turn = 4;
/** Two numbers of 64 bits, then four floats: 0, or NaN where a result was infinite or NaN. */
const constantsBytes = 32;

const upperHalf = lanes16.pick([4, 5, 6, 7, 4, 5, 6, 7]);
const lowerHalves = lanes16.pick([0, 1, 2, 3, 8, 9, 10, 11]);
const scaled = [...get(total), ...lanes64.divide, ...get(unit), ...lanes64.multiply];
const both = (local: number, half: readonly number[]) => [...get(local), ...get(local), ...half];
const moved = (value: readonly number[], sum: readonly number[]) => [
  ...[...value, ...lanes64.fromFloats],
  ...[...sum, ...lanes64.fromLanes32, ...scaled],
  ...[...lanes64.add, ...lanes64.toFloats],
];

const kernelOver = assembleKernel({ parameters: 4, vectors: 7 }, [
  ...[...get(constants), ...lanes64.loadSplat(0), ...set(total)],
  ...[...get(constants), ...lanes64.loadSplat(8), ...set(unit)],
  ...[...get(constants), ...load(16), ...set(doubt)],
  ...whileLess(
    at,
    end,
    [...get(at), ...load(), ...set(values)],
    [...get(sums), ...load(), ...set(change)],
    [...moved(get(values), get(change)), ...set(lower)],
    [...moved(both(values, upperHalf), both(change, upperHalf)), ...set(upper)],
    [...get(lower), ...get(upper), ...lowerHalves, ...set(values)],
    [...get(at), ...get(values), ...store()],
    [...get(doubt), ...get(values), ...get(values), ...floats.subtract, ...floats.add, ...set(doubt)],
    step(at, 16),
    step(sums, 16),
  ),
  ...[...get(constants), ...get(doubt), ...store(16)],
]);

/** Room for a stretch of values in a kernel's memory, and the kernel. */
export class MeanKernel {
  readonly #kernel: Kernel;
  readonly #values: Float32Array;
  readonly #constants: Float64Array;
  readonly #doubt: Float32Array;

  /** Bytes of the memory that it needs for stretches of up to `length` values. */
  static bytesFor(length: number): number {
    return 4 * length + constantsBytes;
  }

  /** @param offset where its bytes begin: a multiple of 8 */
  constructor(memory: KernelMemory, offset: number, length: number) {
    this.#kernel = kernelOver(memory);
    this.#constants = new Float64Array(memory.buffer, offset, 2);
    this.#doubt = new Float32Array(memory.buffer, offset + 16, 4);
    this.#values = new Float32Array(memory.buffer, offset + constantsBytes, length);
  }

  /** Where a stretch of values must stand. */
  values(length: number): Float32Array {
    return this.#values.subarray(0, length);
  }

  /**
   * Moves the values; as many as `sums` are, which lie in the same memory.
   * @returns how many of them are done: the last few are the caller's; and whether those are finite
   */
  move(sums: Int32Array, total: number, unit: number): { readonly done: number; readonly areFinite: boolean } {
    const done = sums.length - (sums.length % turn);
    if (done === 0) return { done, areFinite: true };
    this.#constants.set([total, unit]);
    this.#doubt.fill(0);
    const { byteOffset } = this.#values;
    this.#kernel(byteOffset, byteOffset + 4 * done, sums.byteOffset, this.#constants.byteOffset);
    return { done, areFinite: this.#doubt.every((lane) => lane === 0) };
  }
}

// The buffers of all updates' integers while a run of coordinates is averaged: two halves, so that the next run is read
// while this one is averaged, in the vector kernel's memory. The size does not depend on the number of updates: with more
// updates the runs are shorter.

import { createKernelMemory } from "../../foundation/wasm-kernel.ts";
import { type IntegerArray, integerArray, integerBytes, type UpdateType } from "../update/integers.ts";
import { coordinatesPerTurn, type DotKernel, dotKernels } from "./dot-kernel.ts";
import { MeanKernel } from "./mean-kernel.ts";
import { kernelGroups, weightedSum, weightedSumByKernel } from "./weighted-sum.ts";

/** Bytes of one half. */
const halfBytes = 2 << 20;
const shortestRun = 1024;
const longestRun = 1 << 17;

type Half = 0 | 1;
type Summation = (half: Half, scratch: Float64Array) => Float64Array | Int32Array;

export class ColumnBuffers {
  /** Coordinates in a run (fewer in the last). */
  readonly runLength: number;
  readonly #halves: readonly [readonly IntegerArray[], readonly IntegerArray[]];
  /** Moves a run's values, from sums of these columns. */
  readonly mean: MeanKernel | undefined;
  readonly #kernel: { readonly run: DotKernel; readonly partial: Int32Array } | undefined;

  constructor(type: UpdateType, count: number, coordinates: number) {
    const width = integerBytes(type);
    const affordable = Math.floor(halfBytes / count / width);
    const wanted = Math.min(coordinates, longestRun, Math.max(shortestRun, affordable));
    const stride = Math.ceil(wanted / coordinatesPerTurn) * coordinatesPerTurn;
    this.runLength = wanted;
    if (type === "I32") {
      const columns = () => Array.from({ length: count }, () => integerArray(type, stride));
      this.#halves = [columns(), columns()];
      return;
    }
    const columnsBytes = count * stride * width;
    const partialBytes = stride * 4;
    const memory = createKernelMemory(2 * columnsBytes + partialBytes + MeanKernel.bytesFor(stride));
    const view = type === "I8" ? Int8Array : Int16Array;
    const columns = (start: number) =>
      Array.from({ length: count }, (_, column) => new view(memory.buffer, start + column * stride * width, stride));
    this.#halves = [columns(0), columns(columnsBytes)];
    this.#kernel = { run: dotKernels[type](memory), partial: new Int32Array(memory.buffer, 2 * columnsBytes, stride) };
    this.mean = new MeanKernel(memory, 2 * columnsBytes + partialBytes, stride);
  }

  /** The columns of one half, of that many coordinates. */
  columns(half: Half, length: number): IntegerArray[] {
    return this.#halves[half].map((column) => column.subarray(0, length));
  }

  /** A function that returns the weighted sums of one half's columns, as many as `scratch` is long; valid until its next call. */
  summation(weights: readonly number[]): Summation {
    const kernel = this.#kernel;
    if (kernel === undefined)
      return (half, scratch) => {
        weightedSum(this.#halves[half], weights, scratch);
        return scratch;
      };
    const { run, partial } = kernel;
    const groups = this.#halves.map((half) =>
      kernelGroups(
        weights,
        half.map(({ byteOffset }) => byteOffset),
      ),
    );
    return (half, scratch) => {
      const turns = Math.ceil(scratch.length / coordinatesPerTurn) * coordinatesPerTurn;
      return weightedSumByKernel(run, groups[half] ?? [], partial.subarray(0, turns), scratch);
    };
  }
}

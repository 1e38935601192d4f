// Writes the next model's file: the base's tensors moved by the mean update, the server's state as server/<state>/<tensor>,
// tensors that stay at the hospitals copied, and the next round's steps in the header.
import { FedError } from "../../foundation/errors.ts";
import { layoutSafetensors, type SafetensorsHeader, type TensorEntry } from "../format/safetensors.ts";
import type { ByteSink, ByteSource } from "../update/byte-source.ts";
import { powerOfTwo } from "../update/power-of-two.ts";
import { encodeExponents, exponentsKey } from "../update/step-exponents.ts";
import { type Segment, serverPrefix, type UpdateLayout } from "../update/update-layout.ts";
import { controlState, serverTensors, stateName } from "./base-layout.ts";
import type { MeanKernel } from "./mean-kernel.ts";
import type { ServerStep, Strategy } from "./strategy.ts";
import { TensorReader, TensorWriter } from "./tensor-stream.ts";

export interface NextModelInput {
  readonly base: ByteSource;
  readonly header: SafetensorsHeader;
  readonly layout: UpdateLayout;
  /** Of the next round's steps, by segment. */
  readonly exponents: readonly number[];
  readonly strategy: Pick<Strategy, "state">;
  /** Moves values by sums that lie in its memory. */
  readonly mean: MeanKernel | undefined;
}

/** A tensor's values as they are read and written, forwards. */
interface Stream {
  readonly reader: TensorReader;
  readonly writer: TensorWriter;
}

export class NextModel {
  readonly #states: readonly string[];
  readonly #copied: readonly TensorEntry[];
  readonly #streams: ReadonlyMap<string, Stream>;
  readonly #mean: MeanKernel | undefined;
  /** Values and states of a run; reused. */
  readonly #scratch: Float32Array[] = [];

  private constructor(
    states: readonly string[],
    copied: readonly TensorEntry[],
    streams: ReadonlyMap<string, Stream>,
    mean: MeanKernel | undefined,
  ) {
    this.#mean = mean;
    this.#states = states;
    this.#copied = copied;
    this.#streams = streams;
  }

  /** Writes the header. */
  static async start(
    { base, header, layout, exponents, strategy, mean }: NextModelInput,
    sink: ByteSink,
  ): Promise<NextModel> {
    const states = strategy.state ?? [];
    const network = header.tensors.filter(({ name }) => !name.startsWith(serverPrefix));
    const server = serverTensors(layout, states);
    const metadata = { ...header.metadata, [exponentsKey]: encodeExponents(exponents) };
    const { header: bytes, entries, totalBytes } = layoutSafetensors([...network, ...server], metadata);
    await sink.start(totalBytes);
    await sink.write(0, bytes);
    const moved = new Set(layout.segments.map(({ name }) => name));
    const stream = () => ({
      reader: new TensorReader(base, header.tensors),
      writer: new TensorWriter(sink, entries),
    });
    const copied = network.filter(({ name }) => !moved.has(name));
    const streams = new Map(["", ...states, controlState].map((state) => [state, stream()]));
    return new NextModel(states, copied, streams, mean);
  }

  /**
   * Moves a run of a segment's tensor, from position `from`, by the mean change `sums / total`, in steps.
   * @throws MODEL_NOT_FINITE
   */
  async move(
    { name, group, exponent }: Segment,
    from: number,
    { sums, total }: { readonly sums: Float64Array | Int32Array; readonly total: number },
    step: ((run: Omit<ServerStep, "participation">) => void) | undefined,
  ): Promise<void> {
    const unit = powerOfTwo(exponent);
    const target = group === "control" ? controlState : "";
    const touched = group === "control" ? [target] : [target, ...this.#states];
    const arrays: Float32Array[] = [];
    for (const state of touched) {
      const values = this.#room(arrays.length, sums.length);
      await this.#stream(state).reader.read(stateName(state, name), from, values);
      arrays.push(values);
    }
    const [values, ...state] = arrays as [Float32Array, ...Float32Array[]];
    const areFinite = step === undefined && this.#addMean(values, sums, total, unit);
    step?.({ group, delta: meanChange(sums, total, unit), values, state });
    for (const [place, array] of arrays.entries()) {
      const tensor = stateName(touched[place]!, name);
      if (!(areFinite || allFinite(array))) throw new FedError("MODEL_NOT_FINITE", { tensor });
      await this.#stream(touched[place]!).writer.write(tensor, from, array);
    }
  }

  /** Copies the tensors that stay at the hospitals, and flushes the writers. */
  async finish(): Promise<void> {
    const { reader, writer } = this.#stream("");
    const copyLength = 1 << 16;
    for (const { name, bytes } of this.#copied) {
      for (let from = 0; from < bytes / 4; from += copyLength) {
        const values = new Float32Array(Math.min(copyLength, bytes / 4 - from));
        await reader.read(name, from, values);
        await writer.write(name, from, values);
      }
    }
    for (const stream of this.#streams.values()) await stream.writer.flush();
  }

  /** @returns whether all are finite */
  #addMean(values: Float32Array, sums: Float64Array | Int32Array, total: number, unit: number): boolean {
    if (!this.#mean || sums instanceof Float64Array) return addMean(values, sums, total, unit);
    const { done, areFinite } = this.#mean.move(sums, total, unit);
    return addMean(values.subarray(done), sums.subarray(done), total, unit) && areFinite;
  }

  #room(place: number, length: number): Float32Array {
    if (place === 0 && this.#mean) return this.#mean.values(length);
    if ((this.#scratch[place]?.length ?? 0) < length) this.#scratch[place] = new Float32Array(length);
    return this.#scratch[place]!.subarray(0, length);
  }

  #stream(state: string): Stream {
    return this.#streams.get(state) as Stream;
  }
}

/**
 * values[i] = float32(values[i] + unit * sums[i] / total); the unit is a power of two, so only + and / round.
 * @returns whether all are finite
 */
function addMean(values: Float32Array, sums: Float64Array | Int32Array, total: number, unit: number): boolean {
  let zero = 0; // or NaN, once a value is infinite or NaN
  for (let index = 0; index < values.length; index++) {
    const moved = Math.fround(values[index]! + (sums[index]! / total) * unit);
    values[index] = moved;
    zero += moved - moved;
  }
  return zero === 0;
}

function meanChange(sums: Float64Array | Int32Array, total: number, unit: number): Float64Array {
  const delta = new Float64Array(sums.length);
  for (let index = 0; index < sums.length; index++) delta[index] = (sums[index]! / total) * unit;
  return delta;
}

function allFinite(values: Float32Array): boolean {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value - value !== 0) return false; // infinite or NaN
  }
  return true;
}

// The next model's file while it is being made: the base's tensors moved by the mean update, the server's state beside
// them as server/<state>/<tensor>, tensors that stay at the hospitals copied, and the next round's steps in its header.
import { FedError } from "../errors.ts";
import { layoutSafetensors, type SafetensorsHeader, type TensorEntry } from "../safetensors.ts";
import type { ByteSink, ByteSource } from "../update/byte-source.ts";
import { powerOfTwo } from "../update/power-of-two.ts";
import { encodeExponents, exponentsKey } from "../update/step-exponents.ts";
import { type Segment, serverPrefix, type UpdateLayout } from "../update/update-layout.ts";
import type { ServerStep, Strategy } from "./strategy.ts";
import { TensorReader, TensorWriter } from "./tensor-stream.ts";

const controlState = "control";

export interface NextModelInput {
  readonly base: ByteSource;
  readonly header: SafetensorsHeader;
  readonly layout: UpdateLayout;
  /** Of the next round's steps, by segment. */
  readonly exponents: readonly number[];
  readonly strategy: Strategy;
}

/** A tensor with its state, as streams that go forwards independently. */
interface Stream {
  readonly reader: TensorReader;
  readonly writer: TensorWriter;
}

export class NextModel {
  readonly #states: readonly string[];
  readonly #copied: readonly TensorEntry[];
  readonly #streams: ReadonlyMap<string, Stream>;

  private constructor(states: readonly string[], copied: readonly TensorEntry[], streams: ReadonlyMap<string, Stream>) {
    this.#states = states;
    this.#copied = copied;
    this.#streams = streams;
  }

  /** Writes the header. */
  static async start(
    { base, header, layout, exponents, strategy }: NextModelInput,
    sink: ByteSink,
  ): Promise<NextModel> {
    const states = strategy.state ?? [];
    const network = header.tensors.filter(({ name }) => !name.startsWith(serverPrefix));
    const server = layout.segments.flatMap(({ name, group, shape }) =>
      (group === "control" ? [controlState] : states).map((state) => ({
        name: stateName(state, name),
        dtype: "F32" as const,
        shape,
      })),
    );
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
    for (const { name, dtype } of copied) if (dtype !== "F32") throw new FedError("MODEL_DTYPE", { name, dtype });
    const streams = new Map(["", ...states, controlState].map((state) => [state, stream()]));
    return new NextModel(states, copied, streams);
  }

  /**
   * Moves values [from, from + delta.length) of a segment's tensor.
   * @param delta the mean change, in steps; overwritten with the same in the tensor's units
   * @throws FedError MODEL_NOT_FINITE
   */
  async move(
    { name, group, exponent }: Segment,
    from: number,
    delta: Float64Array,
    step: (run: Omit<ServerStep, "participation">) => void,
  ): Promise<void> {
    const unit = powerOfTwo(exponent);
    for (let index = 0; index < delta.length; index++) delta[index] = (delta[index] as number) * unit;
    const target = group === "control" ? controlState : "";
    const touched = group === "control" ? [target] : [target, ...this.#states];
    const arrays: Float32Array[] = [];
    for (const state of touched) {
      const values = new Float32Array(delta.length);
      await this.#stream(state).reader.read(stateName(state, name), from, values);
      arrays.push(values);
    }
    const [values, ...state] = arrays as [Float32Array, ...Float32Array[]];
    step({ group, delta, values, state });
    for (const [place, array] of arrays.entries()) {
      const tensor = stateName(touched[place] as string, name);
      if (!allFinite(array)) throw new FedError("MODEL_NOT_FINITE", { tensor });
      await this.#stream(touched[place] as string).writer.write(tensor, from, array);
    }
  }

  /** Copies what does not travel, and writes everything that is held back. */
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

  #stream(state: string): Stream {
    return this.#streams.get(state) as Stream;
  }
}

function stateName(state: string, tensor: string): string {
  return state === "" ? tensor : `${serverPrefix}${state}/${tensor}`;
}

function allFinite(values: Float32Array): boolean {
  for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index] as number)) return false;
  return true;
}

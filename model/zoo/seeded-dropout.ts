// Reproducible dropout: tfjs-layers' own draws from Math.random, or takes the same mask at every step.
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { seededIntegers } from "../../foundation/random.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { through } from "./layers.ts";
import type { Drawing } from "./zoo-network.ts";

type Inputs = Tensor | Tensor[];

/** Srivastava 2014: in training sets values to 0 at the rate and scales the others, to keep the expected sum. */
class SeededDropout extends tf.layers.Layer {
  static readonly className = "SeededDropout";
  readonly #rate: number;
  readonly #next: () => number;
  readonly #sameForSlices: boolean;

  constructor(rate: number, seed: number, name: string, sameForSlices: boolean) {
    super({ name });
    this.#rate = rate;
    this.#next = seededIntegers(seed, "dropout", name);
    this.#sameForSlices = sameForSlices;
  }

  override computeOutputShape(shape: (number | null)[]): (number | null)[] {
    return shape;
  }

  override call(inputs: Inputs, { training }: { training?: boolean }): Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    if (!training) return x.clone();
    const shape = this.#sameForSlices ? x.shape.map((side, axis) => (axis === 1 ? 1 : side)) : x.shape;
    const count = shape.reduce((product, side) => product * side, 1);
    const kept = this.#rate * 2 ** 32;
    const mask = Float32Array.from({ length: count }, () => (this.#next() >= kept ? 1 / (1 - this.#rate) : 0));
    return tf.tidy(() => x.mul(tf.tensor(mask, shape)));
  }
}

/** @param sameForSlices one mask for all slices [slices, d] of a scan, as the dropout of Keras's LSTM */
export function dropout(name: string, seed: number, { rate = 0.5, sameForSlices = false } = {}): Drawing {
  return (x) => through(new SeededDropout(rate, seed, name, sameForSlices), x);
}

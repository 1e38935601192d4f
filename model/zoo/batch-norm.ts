// Keras's batch norm by TensorFlow's fused kernels: tfjs-layers' own is slower, and does not train without a scale, which
// Inception V3 needs.
import type { LayerVariable, Tensor, Tensor1D, Tensor4D, Variable } from "@tensorflow/tfjs-node-gpu";
import { batchNorm as fused } from "../tensorflow/fused-kernels.ts";
import { tf } from "../tensorflow/tensorflow.ts";

/** Decay of the moving moments: below Keras's 0.99, since a comparison run makes few steps. */
const movingMomentum = 0.9;
/** Of the fused kernel: model/tensorflow/fused-kernels.ts. */
const fusedEpsilon = 1e-3;

export interface BatchNormOptions {
  readonly name: string;
  readonly epsilon: number;
  /** Whether there is a gamma. */
  readonly scale: boolean;
}

/** x [n, h, w, c] of the same shape; weights gamma (if any), beta, moving_mean, moving_variance. */
export class FusedBatchNorm extends tf.layers.Layer {
  static readonly className = "FusedBatchNorm";
  readonly #options: BatchNormOptions;
  #gamma: LayerVariable | undefined;
  #beta: LayerVariable | undefined;
  #mean: LayerVariable | undefined;
  #variance: LayerVariable | undefined;

  constructor(options: BatchNormOptions) {
    super({ name: options.name });
    this.#options = options;
  }

  override build(inputShape: (number | null)[] | (number | null)[][]): void {
    const shape = [(inputShape as number[]).at(-1) as number];
    const [zeros, ones] = [tf.initializers.zeros(), tf.initializers.ones()];
    const weight = (name: string, initial: typeof zeros, trained: boolean) =>
      this.addWeight(name, shape, "float32", initial, undefined, trained);
    if (this.#options.scale) this.#gamma = weight("gamma", ones, true);
    this.#beta = weight("beta", zeros, true);
    this.#mean = weight("moving_mean", zeros, false);
    this.#variance = weight("moving_variance", ones, false);
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[], { training }: { training?: boolean }): Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D;
    const { epsilon } = this.#options;
    const read = (weight: LayerVariable | undefined) => weight?.read() as Tensor1D;
    return tf.tidy(() => {
      const gamma = read(this.#gamma) ?? tf.ones([x.shape[3]]);
      const beta = read(this.#beta);
      const [mean, variance] = [read(this.#mean), read(this.#variance)];
      if (!training) return tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon);
      // The kernel's epsilon is fixed: epsilon e on x equals k^2 e on k x.
      const k = Math.sqrt(fusedEpsilon / epsilon);
      const found = fused(k === 1 ? x : x.mul(k), gamma, beta);
      keep(mean, found.mean.div(k));
      keep(variance, found.variance.div(k * k));
      found.mean.dispose();
      found.variance.dispose();
      return found.y;
    });
  }
}

function keep(moving: Tensor1D, now: Tensor1D): void {
  (moving as unknown as Variable).assign(moving.mul(movingMomentum).add(now.mul(1 - movingMomentum)));
}

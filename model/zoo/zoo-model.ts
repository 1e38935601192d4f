// A comparison network for a size of scan, with seeded or pretrained weights.
import type {
  LayersModel,
  SymbolicTensor,
  Tensor,
  Tensor2D,
  Tensor4D,
  Tensor5D,
  Variable,
} from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { setBackboneWeights } from "./backbone-weights.ts";
import { setInitialWeights, variablesOf } from "./initial-weights.ts";
import { through } from "./layers.ts";
import { imageNetPixels } from "./pixels.ts";
import type { Drawing, ZooNetwork } from "./zoo-network.ts";

export type ZooInput = ModelSpec["input"];

export interface ZooModel {
  readonly network: ZooNetwork;
  readonly input: ZooInput;
  /** All weights, including batch norm's moments, as Keras counts. */
  readonly parameterCount: number;
  /** Variables that training changes, by name; of a pretrained network only the head's. */
  readonly trainable: ReadonlyMap<string, Variable>;
  /** Rows of logits a scan: its slices, or one. */
  readonly rowsPerScan: number;
  /** x [n, slices, h, w, c] in [0, 1] -> logits [n * rowsPerScan, 2], the positive class second. Call within tf.tidy. */
  logits(x: Tensor5D, options: { readonly training: boolean }): Tensor2D;
  dispose(): void;
}

/**
 * @param pretrained safetensors of Keras's weights of the backbone (docs/baselines.md), which is then not trained
 * @throws ZOO_INPUT_TOO_SMALL, ZOO_NOT_PRETRAINED, ZOO_WEIGHTS_GREY; of the file SAFETENSORS_MALFORMED,
 * TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH
 */
export function createZooModel(
  network: ZooNetwork,
  input: ZooInput,
  { seed, pretrained }: { seed: number; pretrained?: Uint8Array },
): ZooModel {
  const { slices, height, width, channels } = input;
  const { smallest, head, backbone, pretrainedPixels } = network;
  if (Math.min(height, width) < smallest.side || slices < smallest.slices) {
    throw new FedError(
      "ZOO_INPUT_TOO_SMALL",
      { network: network.name, height, width, slices, smallestSide: smallest.side, fewestSlices: smallest.slices },
      { remedy: `give slices of ${smallest.side} pixels or more, and ${smallest.slices} or more of them` },
    );
  }
  if (pretrained && !pretrainedPixels) {
    const remedy = "train it from scratch: leave out --weights";
    throw new FedError("ZOO_NOT_PRETRAINED", { network: network.name }, { remedy });
  }
  if (pretrained && channels !== 1) {
    const remedy = "pretrained backbones take grey slices: import one window";
    throw new FedError("ZOO_WEIGHTS_GREY", { network: network.name, channels }, { remedy });
  }
  const sliceChannels = pretrained ? 3 : channels;
  const eyes = backbone && drawModel([height, width, sliceChannels], (x) => pooled(backbone(x)));
  const features = eyes?.outputs[0]?.shape.at(-1) ?? 0; // not read without a backbone
  const perScan = eyes ? [slices, features] : [slices, height, width, channels];
  const mind = drawModel(head.sees === "slice" ? [features] : perScan, head.draw(seed));
  setInitialWeights(mind, seed, `${network.name}/head`);
  if (eyes && pretrained) setBackboneWeights(eyes, pretrained);
  else if (eyes) setInitialWeights(eyes, seed, `${network.name}/backbone`);

  return {
    network,
    input,
    parameterCount: mind.countParams() + (eyes?.countParams() ?? 0),
    trainable: new Map([...(eyes && !pretrained ? variablesOf(eyes, "backbone") : []), ...variablesOf(mind, "head")]),
    rowsPerScan: head.sees === "slice" ? slices : 1,
    logits(x, { training }) {
      const n = x.shape[0];
      if (!eyes) return apply(mind, symmetric(x), training) as Tensor2D;
      const flat = x.reshape([n * slices, height, width, channels]) as Tensor4D;
      const pixels = pretrained && pretrainedPixels ? imageNetPixels(flat, pretrainedPixels) : symmetric(flat);
      const seen = apply(eyes, pixels, training && !pretrained); // [n * slices, d]
      return apply(mind, head.sees === "slice" ? seen : seen.reshape([n, slices, features]), training) as Tensor2D;
    },
    dispose() {
      eyes?.dispose();
      mind.dispose();
    },
  };
}

/** Number of parameters for inputs of a shape, without creating the weights. */
export function countParameters(shape: readonly number[], draw: Drawing): number {
  const model = drawModel(shape, draw);
  const count = model.countParams();
  model.dispose();
  return count;
}

export function drawModel(shape: readonly number[], draw: Drawing): LayersModel {
  const inputs = tf.input({ shape: [...shape] });
  return tf.model({ inputs, outputs: draw(inputs) });
}

/** The mean of a map over the slice; features stay as they are. */
function pooled(x: SymbolicTensor): SymbolicTensor {
  return x.rank === 4 ? through(tf.layers.globalAveragePooling2d({}), x) : x;
}

/** [0, 1] to [-1, 1]. */
function symmetric<T extends Tensor>(x: T): T {
  return x.mul(2).sub(1) as T;
}

function apply(model: LayersModel, x: Tensor, training: boolean): Tensor {
  return model.apply(x, { training }) as Tensor;
}

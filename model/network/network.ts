// The paper's network: an extractor over the slices of a scan, and two capsule layers that route among them.
import type { Scalar, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { pooledFeatures, presets } from "./extractors.ts";
import { convolutionUnit, Variables } from "./layers.ts";
import { marginLoss } from "./margin-loss.ts";
import { decode, reconstructionLoss } from "./reconstruction.ts";
import { capsuleLayer } from "./routing.ts";
import { capsuleLength } from "./squash.ts";
import { encodeWeights, loadWeights, type NamedVariables } from "./weights.ts";

export interface Forward {
  /** A class's score: the length of its capsule; [n, 2], the positive class second. */
  readonly lengths: Tensor2D;
  /** Couplings of each slice with the middle capsules; [n, capsules, slices]. */
  readonly couplings: Tensor3D;
  /** Agreement of each slice's vote with each middle capsule, <uHat, v>; [n, capsules, slices]. */
  agreements(): Tensor3D;
  /** Couplings of each middle capsule with the classes; [n, 2, capsules]. */
  readonly classCouplings: Tensor3D;
  /** Class capsules; [n, 2, 16]. */
  readonly capsules: Tensor3D;
}

export interface Network {
  readonly spec: ModelSpec;
  /** By name, in the order of the network's code. */
  readonly variables: NamedVariables;
  readonly parameterCount: number;
  /** Variables that stay at the hospital (FedBN); getWeights leaves them out. */
  readonly localNames: ReadonlySet<string>;
  /**
   * x [n, slices, h, w, c] in [0, 1], of any number of slices. Call within tf.tidy.
   * @param counts 1 for each slice that counts and 0 for one that is only there to fill the scan [n, slices]; without it all do
   */
  forward(x: Tensor5D, options: { readonly training: boolean; readonly counts?: Tensor2D | undefined }): Forward;
  /** The steps of `forward` outside of training, for what explains a score. Call within tf.tidy. */
  readonly parts: {
    /** The extractor's last map of each slice, [n * slices, h', w', d]. */
    map(x: Tensor5D): Tensor4D;
    /** A map's features, [n * slices, d]. */
    pooled(map: Tensor4D): Tensor2D;
    /** @param u features of the slices, [n, slices, d] */
    capsules(u: Tensor3D): Forward;
  };
  /**
   * Margin loss of the class capsules, and the reconstruction's where the spec asks for it. Call within tf.tidy.
   * @param targets one-hot [n, 2]
   * @param weights of each scan [n]
   * @param counts as of forward
   */
  loss(x: Tensor5D, targets: Tensor2D, weights: Tensor1D, counts?: Tensor2D): Scalar;
  /** Safetensors of the shared variables, or of the local ones. */
  getWeights(part?: "shared" | "local"): Uint8Array;
  /** @throws SAFETENSORS_MALFORMED, TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH */
  setWeights(bytes: Uint8Array, part?: "shared" | "local"): void;
  dispose(): void;
}

const classCapsuleDimension = 16;

/** @param seed of the initial weights */
export function createNetwork(spec: ModelSpec, seed = 0): Network {
  const { extract, pool, capsules: middle, decoder } = presets[spec.preset];
  const { height, width, channels } = spec.input;
  const variables = new Variables(spec.normalisation, seed);

  const mapOf = (x: Tensor5D, training: boolean): Tensor4D => {
    const [n, slices] = x.shape;
    const flat = x.reshape([n * slices, height, width, channels]) as Tensor4D;
    return extract(flat, convolutionUnit(variables, training)); // [n * slices, h', w', d]
  };

  const capsulesOf = (u: Tensor3D): Forward => {
    const d = u.shape[2];
    const inner = middle.count * middle.dimension;
    const outer = 2 * classCapsuleDimension;
    const first = variables.weights("capsules/slices", [d, inner], d) as unknown as Tensor2D;
    const second = variables.weights(
      "capsules/classes",
      [middle.dimension, outer],
      middle.dimension,
    ) as unknown as Tensor2D;
    const { v: parts, couplings, uHat } = capsuleLayer(u, first, middle.count, spec.routing); // [n, count, dimension]
    const { v: capsules, couplings: classCouplings } = capsuleLayer(parts, second, 2, spec.routing); // [n, 2, 16]
    const agreements = () => uHat.mul(parts.expandDims(2)).sum(3) as Tensor3D;
    return { lengths: capsuleLength(capsules) as Tensor2D, couplings, agreements, classCouplings, capsules };
  };

  const forward: Network["forward"] = (x, { training, counts }) => {
    const [n, slices] = x.shape;
    const features = pooledFeatures(mapOf(x, training), pool); // [n * slices, d]
    const all = features.reshape([n, slices, features.shape[1]]) as Tensor3D;
    // A capsule of zeros votes with zeros: it has no part in any sum of the routing.
    return capsulesOf(counts ? (all.mul(counts.reshape([n, slices, 1])) as Tensor3D) : all);
  };

  const loss: Network["loss"] = (x, targets, weights, counts) => {
    const { lengths, capsules } = forward(x, { training: true, counts });
    const margin = marginLoss(lengths, targets, weights);
    if (!spec.reconstruction) return margin;
    return margin.add(reconstructionLoss(decode(variables, decoder, capsules, targets), x));
  };

  // One pass over an empty slice names and creates every variable.
  tf.tidy(() => {
    const { capsules } = forward(tf.zeros([1, 1, height, width, channels]) as Tensor5D, { training: false });
    if (spec.reconstruction) decode(variables, decoder, capsules, tf.ones([1, 2]) as Tensor2D);
  });
  const of = (part: "shared" | "local") =>
    new Map([...variables.all].filter(([name]) => variables.localNames.has(name) === (part === "local")));
  return {
    spec,
    variables: variables.all,
    parameterCount: [...variables.all.values()].reduce((sum, { size }) => sum + size, 0),
    localNames: variables.localNames,
    forward,
    parts: {
      map: (x) => mapOf(x, false),
      pooled: (map) => pooledFeatures(map, pool),
      capsules: capsulesOf,
    },
    loss,
    getWeights: (part = "shared") => encodeWeights(of(part)),
    setWeights: (bytes, part = "shared") => loadWeights(of(part), bytes),
    dispose() {
      for (const variable of variables.all.values()) variable.dispose();
      variables.all.clear();
    },
  };
}

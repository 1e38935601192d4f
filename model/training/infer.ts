// Computes the class capsules' lengths of a batch, with one graph for each batch size.
import type { Tensor2D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import type { Network } from "../network/network.ts";
import { viewsOf } from "../network/views.ts";
import { compile } from "../tensorflow/graph/compile.ts";
import { compiled } from "../tensorflow/graph/compiled.ts";
import { tf } from "../tensorflow/tensorflow.ts";

/** x [n, slices, h, w, c] in [0, 1] to lengths [n, 2], the mean over the spec's views; counts as of Network.forward. Call within tf.tidy. */
export function infer(network: Network, x: Tensor5D, counts?: Tensor2D): Tensor2D {
  const variables = [...network.variables.values()];
  const key = JSON.stringify(["infer", network.spec, x.shape, ...(counts ? ["counts"] : [])]);
  const forward = () => {
    const lengths = viewsOf(network.spec, x).map((view) => network.forward(view, { training: false, counts }).lengths);
    return [lengths.length === 1 ? lengths[0]! : tf.addN(lengths).div(lengths.length)];
  };
  const inputs = counts ? [x, counts] : [x];
  return compiled(key, () => compile(forward, inputs, variables)).run(inputs, variables).outputs[0] as Tensor2D;
}

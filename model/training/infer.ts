// Computes the class capsules' lengths of a batch, with one graph for each batch size.
import type { Tensor2D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import type { Network } from "../network/network.ts";
import { compile } from "../tensorflow/graph/compile.ts";
import { compiled } from "../tensorflow/graph/compiled.ts";

/** x [n, slices, h, w, c] in [0, 1] to lengths [n, 2]. Call within tf.tidy. */
export function infer(network: Network, x: Tensor5D): Tensor2D {
  const variables = [...network.variables.values()];
  const key = JSON.stringify(["infer", network.spec, x.shape]);
  const forward = () => [network.forward(x, { training: false }).lengths];
  return compiled(key, () => compile(forward, [x], variables)).run([x], variables).outputs[0] as Tensor2D;
}

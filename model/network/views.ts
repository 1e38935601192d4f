// The images of a scan that a network scores: the scan itself and, where the spec asks for it, its mirror image.
import type { Tensor5D } from "@tensorflow/tfjs-node-gpu";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";

/** x [n, slices, h, w, c], and x mirrored left to right; call within tf.tidy. */
export function viewsOf({ mirror }: Pick<ModelSpec, "mirror">, x: Tensor5D): Tensor5D[] {
  return mirror ? [x, x.reverse(3)] : [x];
}

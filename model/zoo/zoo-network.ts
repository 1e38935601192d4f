// A comparison network: an optional backbone over single slices, and a head.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";

/** Adds layers to a symbolic tensor (without the batch dimension) and returns their output. */
export type Drawing = (x: SymbolicTensor) => SymbolicTensor;

/** How Keras's ImageNet weights expect their pixels: [-1, 1]; or by ImageNet's mean, as BGR; or by its mean and deviation. */
export type PixelScale = "symmetric" | "bgr-mean" | "mean-and-deviation";

export interface ZooNetwork {
  /** As on the command line. */
  readonly name: string;
  /** Its usual name. */
  readonly title: string;
  /** Smallest side and fewest slices that the topology takes. */
  readonly smallest: { readonly side: number; readonly slices: number };
  /** From one slice [h, w, c] to a map [h', w', d], which is averaged, or to features [d]; absent where the head takes pixels. */
  readonly backbone?: Drawing;
  /** Of a pretrained backbone, which only networks of Keras's applications have. */
  readonly pretrainedPixels?: PixelScale;
  /**
   * To two logits, the positive class second. `slice`: from the features of a slice [d], a scan's score being the mean over
   * its slices, as the paper's comparison has it; `scan`: from [slices, d], or from pixels [slices, h, w, c].
   */
  readonly head: { readonly sees: "slice" | "scan"; readonly draw: (seed: number) => Drawing };
}

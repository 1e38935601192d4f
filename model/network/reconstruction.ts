// Reconstruction as a regulariser (Sabour 2017, section 4.1): three dense layers draw a thumbnail of the scan from the
// capsule of its class, so that the capsule must encode the scan's appearance and not only its class.
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import { addBias, relu } from "../tensorflow/fused-kernels.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import type { Variables } from "./layers.ts";

export interface Decoder {
  /** Of the two hidden layers. */
  readonly widths: readonly [number, number];
  /** Pixels of the thumbnail's side. */
  readonly side: number;
}

/** Sabour's: small, so that reconstruction does not outweigh the margin loss. */
const lossScale = 0.0005;

/**
 * @param capsules [n, classes, d]
 * @param mask one-hot of the class whose capsule is drawn from: the scan's own in training; [n, classes]
 * @returns grey values in (0, 1), [n, side * side]
 */
export function decode(variables: Variables, { widths, side }: Decoder, capsules: Tensor3D, mask: Tensor2D): Tensor2D {
  const [n, classes, d] = capsules.shape;
  const dense = (name: string, x: Tensor, to: number): Tensor => {
    const from = x.shape[1]!;
    const kernel = variables.weights(`decoder/${name}/kernel`, [from, to], from) as unknown as Tensor2D;
    const bias = variables.constant(`decoder/${name}/bias`, to, 0) as unknown as Tensor1D;
    return addBias(tf.matMul(x as Tensor2D, kernel), bias);
  };
  const masked = capsules.mul(mask.reshape([n, classes, 1])).reshape([n, classes * d]);
  const hidden = relu(dense("b", relu(dense("a", masked, widths[0])), widths[1]));
  return tf.sigmoid(dense("pixels", hidden, side * side)) as Tensor2D;
}

/**
 * 0.0005 times the sum of squared differences from the thumbnail, averaged over scans.
 * @param decoded [n, side * side]
 * @param x the batch [n, slices, h, w, channels] in [0, 1]
 */
export function reconstructionLoss(decoded: Tensor2D, x: Tensor5D): Scalar {
  const side = Math.sqrt(decoded.shape[1]);
  return tf.squaredDifference(decoded, thumbnail(x, side)).sum(1).mean().mul(lossScale) as Scalar;
}

/**
 * The mean over a scan's slices and channels, [n, side * side]: each pixel the mean of the area that it covers. A capsule
 * stands for a whole scan and knows no single slice.
 */
export function thumbnail(x: Tensor5D, side: number): Tensor2D {
  const [n, , height, width] = x.shape;
  const mean = x.mean([1, 4]); // [n, h, w]
  const [down, across] = [areas(side, height), areas(side, width)];
  const narrow = tf.matMul(mean.reshape([n * height, width]) as Tensor2D, across, false, true); // [n * h, side]
  const turned = narrow
    .reshape([n, height, side])
    .transpose([0, 2, 1])
    .reshape([n * side, height]) as Tensor2D;
  const small = tf.matMul(turned, down, false, true).reshape([n, side, side]); // columns first
  return small.transpose([0, 2, 1]).reshape([n, side * side]);
}

/** Of each of `from` pixels in a row, its share of each of `to` that cover the same length; rows sum to 1: [to, from]. */
function areas(to: number, from: number): Tensor2D {
  const scale = from / to;
  const shares = Float32Array.from({ length: to * from }, (_, at) => {
    const [row, pixel] = [Math.floor(at / from), at % from];
    const overlap = Math.min((row + 1) * scale, pixel + 1) - Math.max(row * scale, pixel);
    return Math.max(0, overlap) / scale;
  });
  return tf.tensor2d(shares, [to, from]);
}

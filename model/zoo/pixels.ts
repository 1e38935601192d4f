// Scales grey slices as Keras's applications expect pictures.
import type { Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow/tensorflow.ts";
import type { PixelScale } from "./zoo-network.ts";

// ImageNet's mean and deviation, RGB, of [0, 1]; and its mean as BGR of [0, 255] (keras.applications.imagenet_utils).
const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];
const meanBgr = [103.939, 116.779, 123.68];

/** x [n, h, w, 1] in [0, 1] -> the same grey in three channels [n, h, w, 3], scaled. */
export function imageNetPixels(x: Tensor4D, scale: PixelScale): Tensor4D {
  return tf.tidy(() => {
    const colour = tf.tile(x, [1, 1, 1, 3]);
    if (scale === "symmetric") return colour.mul(2).sub(1);
    if (scale === "bgr-mean") return colour.mul(255).sub(meanBgr);
    return colour.sub(mean).div(deviation);
  }) as Tensor4D;
}

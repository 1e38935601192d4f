// Group norm (Wu and He 2018) and its gradient as one operation each: tfjs's composition would keep five tensors of
// the activation's size for the gradient, where one is enough.
import type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow/tensorflow.ts";

const epsilon = 1e-5;

/**
 * x [n, h, w, c] by the moments of groups of `size` channels of one image.
 * @param gamma scale [c]
 * @param beta offset [c]
 */
export function groupNorm(x: Tensor4D, gamma: Tensor1D, beta: Tensor1D, size: number): Tensor4D {
  const [n, h, w, c] = x.shape;
  const groups = c / size;
  const grouped = (tensor: Tensor) => tensor.reshape([n, h * w, groups, size]);
  const flat = (tensor: Tensor) => tensor.reshape([n, h, w, c]);
  /** The mean over a group, [n, 1, groups, 1]. */
  const meanOf = (tensor: Tensor) => tensor.mean([1, 3], true);
  const apply = tf.customGrad((...inputs) => {
    const [input, scale, offset, save] = inputs as unknown as [Tensor, Tensor, Tensor, (tensors: Tensor[]) => void];
    const whole = grouped(input);
    const mean = meanOf(whole);
    const centred = whole.sub(mean);
    const inverse = meanOf(centred.square()).add(epsilon).rsqrt(); // 1 / standard deviation
    save([input, scale, mean, inverse]);
    const value = flat(centred.mul(inverse)).mul(scale).add(offset);
    const gradient = (dy: Tensor, [kept, keptScale, keptMean, keptInverse]: [Tensor, Tensor, Tensor, Tensor]) => {
      const normed = grouped(kept).sub(keptMean).mul(keptInverse);
      const dNormed = grouped(dy.mul(keptScale));
      const along = normed.mul(meanOf(dNormed.mul(normed)));
      const dx = dNormed.sub(meanOf(dNormed)).sub(along).mul(keptInverse);
      return [flat(dx), dy.mul(flat(normed)).sum([0, 1, 2]), dy.sum([0, 1, 2])];
    };
    // Tidied here: tfjs keeps all tensors of a custom gradient until the end of the step.
    const gradFunc = (dy: Tensor, saved: Tensor[]) =>
      tf.tidy(() => gradient(dy, saved as Parameters<typeof gradient>[1]));
    return { value, gradFunc };
  });
  return apply(x, gamma, beta) as Tensor4D;
}

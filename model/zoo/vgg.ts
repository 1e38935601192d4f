// VGG (Simonyan and Zisserman 2015), configurations D and E.
import { convolution, maxPool } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { Drawing, ZooNetwork } from "./zoo-network.ts";

const vgg =
  (depths: readonly number[]): Drawing =>
  (x) => {
    let y = x;
    for (const [index, depth] of depths.entries()) {
      const filters = Math.min(512, 64 * 2 ** index);
      for (let layer = 1; layer <= depth; layer++) {
        y = convolution(`block${index + 1}_conv${layer}`, y, filters, 3, { bias: true, activation: "relu" });
      }
      y = maxPool(y, 2, 2);
    }
    return y;
  };

const shared = {
  smallest: { side: 32, slices: 1 },
  pretrainedPixels: "bgr-mean",
  head: mlpHead,
} as const satisfies Partial<ZooNetwork>;

export const vgg16: ZooNetwork = { name: "vgg16", title: "VGG16", backbone: vgg([2, 2, 3, 3, 3]), ...shared };
export const vgg19: ZooNetwork = { name: "vgg19", title: "VGG19", backbone: vgg([2, 2, 4, 4, 4]), ...shared };

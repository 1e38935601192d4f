// MobileNet (Howard 2017), layer by layer as in Keras's applications.
import { batchNorm, convolution, depthwise, padded, relu } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { ZooNetwork } from "./zoo-network.ts";

const blocks: readonly (readonly [filters: number, strides: 1 | 2])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

export const mobileNet: ZooNetwork = {
  name: "mobilenet",
  title: "MobileNet",
  smallest: { side: 32, slices: 1 },
  pretrainedPixels: "symmetric",
  backbone(x) {
    let y = relu(batchNorm("conv1_bn", convolution("conv1", x, 32, 3, { strides: 2 })), 6);
    for (const [index, [filters, strides]] of blocks.entries()) {
      const at = index + 1;
      const before = strides === 1 ? y : padded(y, [[0, 1], [0, 1]]); // biome-ignore format: a pair of pairs
      y = depthwise(`conv_dw_${at}`, before, strides, strides === 1 ? "same" : "valid");
      y = relu(batchNorm(`conv_dw_${at}_bn`, y), 6);
      y = relu(batchNorm(`conv_pw_${at}_bn`, convolution(`conv_pw_${at}`, y, filters, 1)), 6);
    }
    return y;
  },
  head: mlpHead,
};

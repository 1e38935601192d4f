// MobileNet V2 (Sandler 2018), layer by layer as in Keras's applications.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { added, batchNorm, convolution, depthwise, padded, relu } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { ZooNetwork } from "./zoo-network.ts";

const stages: readonly (readonly [filters: number, strides: 1 | 2, blocks: number])[] = [
  [16, 1, 1],
  [24, 2, 2],
  [32, 2, 3],
  [64, 2, 4],
  [96, 1, 3],
  [160, 2, 3],
  [320, 1, 1],
];

function invertedResidual(index: number, x: SymbolicTensor, filters: number, strides: 1 | 2): SymbolicTensor {
  const name = index === 0 ? "expanded_conv_" : `block_${index}_`;
  const channels = x.shape.at(-1)!;
  let y = x;
  if (index > 0) y = relu(batchNorm(`${name}expand_BN`, convolution(`${name}expand`, y, 6 * channels, 1)), 6);
  const [height, width] = [y.shape[1]!, y.shape[2]!];
  // Keras pads so that the last row and column are used for even and odd sides.
  if (strides === 2) y = padded(y, [[height % 2, 1], [width % 2, 1]]); // biome-ignore format: a pair of pairs
  y = depthwise(`${name}depthwise`, y, strides, strides === 1 ? "same" : "valid");
  y = relu(batchNorm(`${name}depthwise_BN`, y), 6);
  y = batchNorm(`${name}project_BN`, convolution(`${name}project`, y, filters, 1));
  return channels === filters && strides === 1 ? added(x, y) : y;
}

export const mobileNetV2: ZooNetwork = {
  name: "mobilenetv2",
  title: "MobileNetV2",
  smallest: { side: 32, slices: 1 },
  pretrainedPixels: "symmetric",
  backbone(x) {
    let y = relu(batchNorm("bn_Conv1", convolution("Conv1", x, 32, 3, { strides: 2 })), 6);
    let index = 0;
    for (const [filters, strides, blocks] of stages) {
      for (let block = 0; block < blocks; block++) {
        y = invertedResidual(index++, y, filters, block === 0 ? strides : 1);
      }
    }
    return relu(batchNorm("Conv_1_bn", convolution("Conv_1", y, 1280, 1)), 6);
  },
  head: mlpHead,
};

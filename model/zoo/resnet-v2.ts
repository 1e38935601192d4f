// ResNet V2 with normalisation before the weights (He 2016b), layer by layer as in Keras's applications.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { added, batchNorm, convolution, maxPool, padded, relu } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { Drawing, ZooNetwork } from "./zoo-network.ts";

const epsilon = 1.001e-5;
const normed = (name: string, x: SymbolicTensor) => relu(batchNorm(name, x, { epsilon }));

function residual(name: string, x: SymbolicTensor, filters: number, first: boolean, strides: number): SymbolicTensor {
  const active = normed(`${name}_preact_bn`, x);
  const plain = strides > 1 ? maxPool(x, 1, strides) : x;
  const shortcut = first ? convolution(`${name}_0_conv`, active, 4 * filters, 1, { strides, bias: true }) : plain;
  let y = normed(`${name}_1_bn`, convolution(`${name}_1_conv`, active, filters, 1));
  y = convolution(`${name}_2_conv`, padded(y, 1), filters, 3, { strides, padding: "valid" });
  y = convolution(`${name}_3_conv`, normed(`${name}_2_bn`, y), 4 * filters, 1, { bias: true });
  return added(shortcut, y);
}

/** The last block of a stage halves the side, but not in the last stage. */
const resNetV2 =
  (stages: readonly number[]): Drawing =>
  (x) => {
    let y = convolution("conv1_conv", padded(x, 3), 64, 7, { strides: 2, padding: "valid", bias: true });
    y = maxPool(padded(y, 1), 3, 2);
    for (const [stage, blocks] of stages.entries()) {
      for (let block = 1; block <= blocks; block++) {
        const halves = block === blocks && stage < stages.length - 1;
        y = residual(`conv${stage + 2}_block${block}`, y, 64 * 2 ** stage, block === 1, halves ? 2 : 1);
      }
    }
    return normed("post_bn", y);
  };

const shared = {
  smallest: { side: 32, slices: 1 },
  pretrainedPixels: "symmetric",
  head: mlpHead,
} as const satisfies Partial<ZooNetwork>;

export const resNet50V2: ZooNetwork = {
  name: "resnet50v2",
  title: "ResNet50V2",
  backbone: resNetV2([3, 4, 6, 3]),
  ...shared,
};
export const resNet152V2: ZooNetwork = {
  name: "resnet152v2",
  title: "ResNet152V2",
  backbone: resNetV2([3, 8, 36, 3]),
  ...shared,
};

// ResNet-50 (He 2016), layer by layer as in Keras's applications (biases before batch norm, stride in the first 1x1).
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { added, batchNorm, convolution, maxPool, padded, relu } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { ZooNetwork } from "./zoo-network.ts";

const epsilon = 1.001e-5;

function unit(name: string, x: SymbolicTensor, filters: number, kernel: number, strides = 1): SymbolicTensor {
  return batchNorm(`${name}_bn`, convolution(`${name}_conv`, x, filters, kernel, { strides, bias: true }), { epsilon });
}

function residual(name: string, x: SymbolicTensor, filters: number, first: boolean, strides: number): SymbolicTensor {
  const shortcut = first ? unit(`${name}_0`, x, 4 * filters, 1, strides) : x;
  let y = relu(unit(`${name}_1`, x, filters, 1, strides));
  y = relu(unit(`${name}_2`, y, filters, 3));
  return relu(added(shortcut, unit(`${name}_3`, y, 4 * filters, 1)));
}

export const resNet50: ZooNetwork = {
  name: "resnet50",
  title: "ResNet50",
  smallest: { side: 32, slices: 1 },
  pretrainedPixels: "bgr-mean",
  backbone(x) {
    let y = convolution("conv1_conv", padded(x, 3), 64, 7, { strides: 2, padding: "valid", bias: true });
    y = maxPool(padded(relu(batchNorm("conv1_bn", y, { epsilon })), 1), 3, 2);
    for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
      for (let block = 1; block <= blocks; block++) {
        const name = `conv${stage + 2}_block${block}`;
        y = residual(name, y, 64 * 2 ** stage, block === 1, block === 1 && stage > 0 ? 2 : 1);
      }
    }
    return y;
  },
  head: mlpHead,
};

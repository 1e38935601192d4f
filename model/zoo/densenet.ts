// DenseNet (Huang 2017), layer by layer as in Keras's applications; growth 32, compression one half.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { averagePool, batchNorm, convolution, joined, maxPool, padded, relu } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { Drawing, ZooNetwork } from "./zoo-network.ts";

const growth = 32;
const epsilon = 1.001e-5;
const normed = (name: string, x: SymbolicTensor) => relu(batchNorm(name, x, { epsilon }));

const denseNet =
  (stages: readonly number[]): Drawing =>
  (x) => {
    let y = convolution("conv1_conv", padded(x, 3), 64, 7, { strides: 2, padding: "valid" });
    y = maxPool(padded(normed("conv1_bn", y), 1), 3, 2);
    for (const [stage, blocks] of stages.entries()) {
      for (let block = 1; block <= blocks; block++) {
        const name = `conv${stage + 2}_block${block}`;
        const narrow = convolution(`${name}_1_conv`, normed(`${name}_0_bn`, y), 4 * growth, 1);
        y = joined([y, convolution(`${name}_2_conv`, normed(`${name}_1_bn`, narrow), growth, 3)]);
      }
      if (stage === stages.length - 1) break;
      const name = `pool${stage + 2}`;
      const half = Math.floor(y.shape.at(-1)! / 2);
      y = averagePool(convolution(`${name}_conv`, normed(`${name}_bn`, y), half, 1), 2, 2);
    }
    return normed("bn", y);
  };

const network = (depth: number, stages: readonly number[]): ZooNetwork => ({
  name: `densenet${depth}`,
  title: `DenseNet${depth}`,
  smallest: { side: 32, slices: 1 },
  pretrainedPixels: "mean-and-deviation",
  backbone: denseNet(stages),
  head: mlpHead,
});

export const denseNet121 = network(121, [6, 12, 24, 16]);
export const denseNet169 = network(169, [6, 12, 32, 32]);
export const denseNet201 = network(201, [6, 12, 48, 32]);

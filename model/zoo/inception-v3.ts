// Inception V3 (Szegedy 2016), layer by layer in the order of Keras's applications, where layers are named by number.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { averagePool, batchNorm, type ConvolutionOptions, convolution, joined, maxPool, relu } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { Drawing, ZooNetwork } from "./zoo-network.ts";

/** 2048 features; also the LSTM's input. */
export const inceptionV3Backbone: Drawing = (x) => {
  let units = 0;
  const unit = (
    y: SymbolicTensor,
    filters: number,
    kernel: number | [number, number],
    options: ConvolutionOptions = {},
  ) => {
    const suffix = units === 0 ? "" : `_${units}`;
    units++;
    const convolved = convolution(`conv2d${suffix}`, y, filters, kernel, options);
    return relu(batchNorm(`batch_normalization${suffix}`, convolved, { scale: false }));
  };
  const halving = { strides: 2, padding: "valid" } as const;
  const pooled = (y: SymbolicTensor, filters: number) => unit(averagePool(y, 3, 1, "same"), filters, 1);
  /** Consecutive units, each with a width and a kernel. */
  const chain = (y: SymbolicTensor, ...links: [number, number | [number, number], ConvolutionOptions?][]) =>
    links.reduce((before, [filters, kernel, options]) => unit(before, filters, kernel, options), y);

  let y = chain(x, [32, 3, halving], [32, 3, { padding: "valid" }], [64, 3]);
  y = chain(maxPool(y, 3, 2), [80, 1, { padding: "valid" }], [192, 3, { padding: "valid" }]);
  y = maxPool(y, 3, 2);
  for (const last of [32, 64, 64]) {
    y = joined([unit(y, 64, 1), chain(y, [48, 1], [64, 5]), chain(y, [64, 1], [96, 3], [96, 3]), pooled(y, last)]);
  }
  y = joined([unit(y, 384, 3, halving), chain(y, [64, 1], [96, 3], [96, 3, halving]), maxPool(y, 3, 2)]);
  for (const width of [128, 160, 160, 192]) {
    y = joined([
      unit(y, 192, 1),
      chain(y, [width, 1], [width, [1, 7]], [192, [7, 1]]),
      chain(y, [width, 1], [width, [7, 1]], [width, [1, 7]], [width, [7, 1]], [192, [1, 7]]),
      pooled(y, 192),
    ]);
  }
  y = joined([
    chain(y, [192, 1], [320, 3, halving]),
    chain(y, [192, 1], [192, [1, 7]], [192, [7, 1]], [192, 3, halving]),
    maxPool(y, 3, 2),
  ]);
  for (let block = 9; block <= 10; block++) {
    const one = unit(y, 320, 1);
    const three = unit(y, 384, 1);
    const split = [unit(three, 384, [1, 3]), unit(three, 384, [3, 1])];
    const double = chain(y, [448, 1], [384, 3]);
    y = joined([one, ...split, unit(double, 384, [1, 3]), unit(double, 384, [3, 1]), pooled(y, 192)]);
  }
  return y;
};

export const inceptionV3: ZooNetwork = {
  name: "inceptionv3",
  title: "InceptionV3",
  smallest: { side: 75, slices: 1 },
  pretrainedPixels: "symmetric",
  backbone: inceptionV3Backbone,
  head: mlpHead,
};

// The source work's small 3-D network: convolutions through the slices, pooling only within them.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { convolution3d, dense, flat, maxPool3d } from "./layers.ts";
import { dropout } from "./seeded-dropout.ts";
import type { ZooNetwork } from "./zoo-network.ts";

export const conv3d: ZooNetwork = {
  name: "conv3d",
  title: "conv3d",
  smallest: { side: 54, slices: 11 },
  head: {
    sees: "scan",
    draw: (seed) => (x) => {
      const pool = (y: SymbolicTensor) => maxPool3d(y, [1, 2, 2]);
      let y = pool(convolution3d("conv1", x, 32, 3, "valid"));
      y = pool(convolution3d("conv2", y, 64, 3, "valid"));
      y = pool(convolution3d("conv3b", convolution3d("conv3a", y, 128, 3, "valid"), 128, 3, "valid"));
      y = pool(convolution3d("conv4b", convolution3d("conv4a", y, 256, 2, "valid"), 256, 2, "valid"));
      y = dropout("dropout1", seed)(dense("fc1", flat(y), 1024));
      return dense("predictions", dropout("dropout2", seed)(dense("fc2", y, 1024)), 2);
    },
  },
};

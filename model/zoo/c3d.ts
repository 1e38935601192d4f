// C3D (Tran 2015): eight convolutions through the slices, five poolings.
import { convolution3d, dense, flat, maxPool3d } from "./layers.ts";
import { dropout } from "./seeded-dropout.ts";
import type { ZooNetwork } from "./zoo-network.ts";

export const c3d: ZooNetwork = {
  name: "c3d",
  title: "C3D",
  smallest: { side: 16, slices: 8 },
  head: {
    sees: "scan",
    draw: (seed) => (x) => {
      let y = maxPool3d(convolution3d("conv1", x, 64, 3, "same"), [1, 2, 2]);
      y = maxPool3d(convolution3d("conv2", y, 128, 3, "same"), [2, 2, 2]);
      for (const [stage, filters] of [
        [3, 256],
        [4, 512],
        [5, 512],
      ] as const) {
        y = convolution3d(`conv${stage}b`, convolution3d(`conv${stage}a`, y, filters, 3, "same"), filters, 3, "same");
        // The last pooling keeps an odd row and column (the source pads both sides; the count is the same).
        y = maxPool3d(y, [2, 2, 2], stage === 5 ? "same" : "valid");
      }
      y = dropout("dropout6", seed)(dense("fc6", flat(y), 4096, "relu"));
      return dense("predictions", dropout("dropout7", seed)(dense("fc7", y, 4096, "relu")), 2);
    },
  },
};

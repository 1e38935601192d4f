// AlexNet (Krizhevsky 2012) as one tower without groups, which Keras does not have and the paper trains from scratch.
import { convolution, maxPool } from "./layers.ts";
import { mlpHead } from "./mlp-head.ts";
import type { ZooNetwork } from "./zoo-network.ts";

const open = { bias: true, activation: "relu" } as const;

export const alexNet: ZooNetwork = {
  name: "alexnet",
  title: "AlexNet",
  smallest: { side: 67, slices: 1 },
  backbone(x) {
    let y = convolution("conv1", x, 96, 11, { strides: 4, padding: "valid", ...open });
    y = convolution("conv2", maxPool(y, 3, 2), 256, 5, open);
    y = convolution("conv3", maxPool(y, 3, 2), 384, 3, open);
    y = convolution("conv4", y, 384, 3, open);
    return maxPool(convolution("conv5", y, 256, 3, open), 3, 2);
  },
  head: mlpHead,
};

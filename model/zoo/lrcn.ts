// LRCN (Donahue 2015) as the source work has it: a small VGG over each slice and an LSTM over its features.
import { convolution, dense, flat, lstm, maxPool } from "./layers.ts";
import { dropout } from "./seeded-dropout.ts";
import type { ZooNetwork } from "./zoo-network.ts";

const open = { bias: true, activation: "relu" } as const;

export const lrcn: ZooNetwork = {
  name: "lrcn",
  title: "LRCN",
  smallest: { side: 67, slices: 1 },
  backbone(x) {
    let y = convolution("conv1a", x, 32, 7, { strides: 2, ...open });
    y = maxPool(convolution("conv1b", y, 32, 3, { padding: "valid", ...open }), 2, 2);
    for (const [index, filters] of [64, 128, 256, 512].entries()) {
      y = convolution(`conv${index + 2}a`, y, filters, 3, open);
      y = maxPool(convolution(`conv${index + 2}b`, y, filters, 3, open), 2, 2);
    }
    return flat(y);
  },
  head: {
    sees: "scan",
    draw: (seed) => (features) => {
      const some = dropout("dropout2", seed, { sameForSlices: true })(dropout("dropout1", seed)(features));
      return dense("predictions", lstm("lstm", some, 256), 2);
    },
  },
};

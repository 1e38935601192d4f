// The source work's LSTM: Inception V3's features of the slices, read one after the other.
import { inceptionV3Backbone } from "./inception-v3.ts";
import { dense, lstm } from "./layers.ts";
import { dropout } from "./seeded-dropout.ts";
import type { ZooNetwork } from "./zoo-network.ts";

export const lstmOverFeatures: ZooNetwork = {
  name: "lstm",
  title: "InceptionV3 + LSTM",
  smallest: { side: 75, slices: 1 },
  pretrainedPixels: "symmetric",
  backbone: inceptionV3Backbone,
  head: {
    sees: "scan",
    draw: (seed) => (features) => {
      const read = lstm("lstm", dropout("dropout1", seed, { sameForSlices: true })(features), 2048);
      return dense("predictions", dropout("dropout2", seed)(dense("fc1", read, 512, "relu")), 2);
    },
  },
};

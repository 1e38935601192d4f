// The head of the paper's comparison: two hidden layers of 512 with dropout on the features of a slice.
import { dense } from "./layers.ts";
import { dropout } from "./seeded-dropout.ts";
import type { ZooNetwork } from "./zoo-network.ts";

export const mlpHead: ZooNetwork["head"] = {
  sees: "slice",
  draw: (seed) => (features) => {
    const first = dropout("dropout1", seed)(dense("fc1", features, 512, "relu"));
    const second = dropout("dropout2", seed)(dense("fc2", first, 512, "relu"));
    return dense("predictions", second, 2);
  },
};

// FedAvg: the weighted mean of the updates. McMahan et al. 2017, "Communication-Efficient Learning of Deep Networks
// from Decentralized Data", algorithm 1. FedProx (Li et al. 2020) aggregates the same way: its proximal term is the
// learner's (training.proximalMu in the plan).
import type { Strategy } from "./strategy.ts";

export const fedavg: Strategy<"fedavg"> = {
  name: "fedavg",
  requiredUpdates: () => 1,
};

// SCAFFOLD. Karimireddy et al. 2020, "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning", algorithm 1:
// x = x + lr mean(delta y); c = c + |S| / N mean(delta c). Both changes are integers of one update; c is in the model file as
// server/control/<tensor>. The hospital keeps its own c_i and corrects its gradients by c - c_i.
import type { Strategy } from "./strategy.ts";

export const scaffold: Strategy<"scaffold"> = {
  name: "scaffold",
  requiredUpdates: () => 1,
  step({ group, delta, values, participation }, { serverLearningRate }) {
    const rate = group === "control" ? participation : serverLearningRate;
    for (let index = 0; index < values.length; index++) {
      values[index] = values[index]! + rate * delta[index]!;
    }
  },
};

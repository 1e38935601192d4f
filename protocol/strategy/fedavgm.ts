// FedAvgM: the mean update drives a momentum at the server. Hsu, Qi and Brown 2019, "Measuring the Effects of
// Non-Identical Data Distribution for Federated Visual Classification", section 3: v = beta v + delta; x = x + lr v.
import type { Strategy } from "./strategy.ts";

export const fedavgm: Strategy<"fedavgm"> = {
  name: "fedavgm",
  requiredUpdates: () => 1,
  state: ["momentum"],
  step({ delta, values, state }, { momentum, serverLearningRate }) {
    const [velocity] = state as [Float32Array];
    for (let index = 0; index < values.length; index++) {
      velocity[index] = momentum * velocity[index]! + delta[index]!;
      values[index] = values[index]! + serverLearningRate * velocity[index]!;
    }
  },
};

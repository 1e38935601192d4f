// FedAdagrad. Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2 with beta1 = 0:
// v = v + delta^2; x = x + lr delta / (sqrt(v) + tau).
import type { Strategy } from "./strategy.ts";

export const fedadagrad: Strategy<"fedadagrad"> = {
  name: "fedadagrad",
  requiredUpdates: () => 1,
  state: ["second"],
  step({ delta, values, state }, { serverLearningRate, tau }) {
    const [second] = state as [Float32Array];
    for (let index = 0; index < values.length; index++) {
      const change = delta[index]!;
      second[index] = second[index]! + change * change;
      values[index] = values[index]! + (serverLearningRate * change) / (Math.sqrt(second[index]!) + tau);
    }
  },
};

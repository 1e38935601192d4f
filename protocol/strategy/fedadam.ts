// FedAdam. Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2 (without Adam's bias correction, as there):
// m = b1 m + (1 - b1) delta; v = b2 v + (1 - b2) delta^2; x = x + lr m / (sqrt(v) + tau).
import type { Strategy } from "./strategy.ts";

export const fedadam: Strategy<"fedadam"> = {
  name: "fedadam",
  requiredUpdates: () => 1,
  state: ["first", "second"],
  step({ delta, values, state }, { serverLearningRate, beta1, beta2, tau }) {
    const [first, second] = state as [Float32Array, Float32Array];
    for (let index = 0; index < values.length; index++) {
      const change = delta[index]!;
      first[index] = beta1 * first[index]! + (1 - beta1) * change;
      second[index] = beta2 * second[index]! + (1 - beta2) * change * change;
      values[index] = values[index]! + (serverLearningRate * first[index]!) / (Math.sqrt(second[index]!) + tau);
    }
  },
};

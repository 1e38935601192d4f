// FedYogi. Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2:
// m = b1 m + (1 - b1) delta; v = v - (1 - b2) delta^2 sign(v - delta^2); x = x + lr m / (sqrt(v) + tau).
import type { Strategy } from "./strategy.ts";

export const fedyogi: Strategy<"fedyogi"> = {
  name: "fedyogi",
  requiredUpdates: () => 1,
  state: ["first", "second"],
  step({ delta, values, state }, { serverLearningRate, beta1, beta2, tau }) {
    const [first, second] = state as [Float32Array, Float32Array];
    for (let index = 0; index < values.length; index++) {
      const change = delta[index]!;
      const square = change * change;
      const before = second[index]!;
      const direction = before > square ? 1 : before < square ? -1 : 0;
      first[index] = beta1 * first[index]! + (1 - beta1) * change;
      second[index] = before - (1 - beta2) * square * direction;
      values[index] = values[index]! + (serverLearningRate * first[index]!) / (Math.sqrt(second[index]!) + tau);
    }
  },
};

import { compareWithKeras, largeNetworks } from "../model/zoo/reference/keras.ts";

describe("the zoo's large networks", () => {
  for (const name of largeNetworks) {
    it(`compute what Keras computes from the same weights: ${name}`, () => compareWithKeras(name));
  }
});

// A small Inception network without capsules: the baseline that capsules must beat.
import type { SymbolicTensor } from "@tensorflow/tfjs-node-gpu";
import { averagePool, batchNorm, convolution, dense, joined, maxPool, relu } from "../../model/zoo/layers.ts";
import { predictZoo } from "../../model/zoo/predict-zoo.ts";
import { dropout } from "../../model/zoo/seeded-dropout.ts";
import { trainZoo } from "../../model/zoo/train-zoo.ts";
import { createZooModel } from "../../model/zoo/zoo-model.ts";
import type { ZooNetwork } from "../../model/zoo/zoo-network.ts";
import { BestPoint, type Method } from "./method.ts";
import { resizedSet } from "./resized-set.ts";

/** Three blocks of four branches, like Inception V3's first (Szegedy 2016) with a sixth of their width. */
const network: ZooNetwork = {
  name: "small-inception",
  title: "small Inception",
  smallest: { side: 32, slices: 1 },
  backbone: (x) => {
    const unit = (name: string, y: SymbolicTensor, filters: number, kernel: number, strides = 1) =>
      relu(batchNorm(`${name}/norm`, convolution(`${name}/conv`, y, filters, kernel, { strides })));
    let y = unit("stem/b", unit("stem/a", x, 16, 3, 2), 32, 3);
    for (const [block, width] of [16, 24, 32].entries()) {
      const at = (branch: string) => `block${block}/${branch}`;
      y = maxPool(y, 3, 2, "same");
      y = joined([
        unit(at("1x1"), y, width, 1),
        unit(at("3x3"), unit(at("3x3reduce"), y, width, 1), width, 3),
        unit(at("5x5b"), unit(at("5x5a"), unit(at("5x5reduce"), y, width / 2, 1), width, 3), width, 3),
        unit(at("pool"), averagePool(y, 3, 1, "same"), width / 2, 1),
      ]);
    }
    return y;
  },
  head: { sees: "slice", draw: (seed) => (features) => dense("predictions", dropout("dropout", seed)(features), 2) },
};

export interface InceptionSettings {
  readonly side: number;
  readonly slices: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly mirror: boolean;
}

export function smallInception(settings: InceptionSettings): Method {
  const { side, slices, epochs, batchSize, learningRate, mirror } = settings;
  return {
    name: "cnn",
    title: `small Inception CNN, ${side} px`,
    settings: { ...settings },
    async *run(sets, seed, { signal }) {
      const train = resizedSet(sets.train, side);
      const others = { validation: resizedSet(sets.validation, side), test: resizedSet(sets.test, side) };
      const { height, width, channels } = train;
      const model = createZooModel(network, { slices, height, width, channels }, { seed });
      const best = new BestPoint();
      try {
        let area = Number.NaN;
        const offer = (epoch: number) =>
          best.offer(`epoch ${epoch}`, (split) => predictZoo(model, others[split], { batchSize: 16, mirror, signal }));
        const training = { epochs, batchSize, learningRate, augmentation: true, mirror, seed };
        for await (const { epoch, step, steps, loss } of trainZoo(model, train, training, { signal })) {
          if (step === epoch * (steps / epochs)) area = await offer(epoch);
          yield {
            done: step,
            total: steps,
            note: `epoch ${epoch}, loss ${loss.toFixed(3)}, validation AUC ${area.toFixed(2)}`,
          };
        }
        return best.scores(model.parameterCount);
      } finally {
        model.dispose();
      }
    },
  };
}

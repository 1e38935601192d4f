import { expect } from "chai";
import { createNetwork } from "../../../model/network/network.ts";
import { gradientCorrection } from "../../../model/training/control-variates.ts";
import { unitMove } from "../../../model/training/optimisers.ts";
import { train } from "../../../model/training/train.ts";
import { genesisWeights, openTrainer } from "../../../model/training/trainer.ts";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import { type RoundId, zeroDigest } from "../../../protocol/format/digest.ts";
import { encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { smallScans, smallSpec, smallTraining } from "../small-scans.ts";

const sgd = { name: "sgd", learningRate: 0.05, momentum: 0, nesterov: false } as const;
const tensor = (name: string, values: readonly number[]) => ({
  ...{ name, dtype: "F32" as const, shape: [values.length] },
  data: Float32Array.from(values),
});

describe("SCAFFOLD at a hospital", () => {
  it("corrects gradients by the server's control variate less its own", () => {
    const base = encodeSafetensors([
      tensor("a", [9]),
      tensor("server/control/a", [3]),
      tensor("server/control/b", [1]),
    ]);
    const residual = encodeSafetensors([tensor("a", [7]), tensor("control/a", [0.5]), tensor("control/c", [4])]);
    const correction = gradientCorrection(base, residual);
    expect(Object.fromEntries([...correction].map(([name, values]) => [name, [...values]]))).to.deep.equal({
      a: [2.5],
      b: [1],
      c: [-4],
    });
    expect([...gradientCorrection(encodeSafetensors([tensor("a", [9])]), undefined)]).to.deep.equal([]);
  });

  it("moves every weight by the correction times the unit move, beside its gradients", async () => {
    const moved = async (correction?: ReadonlyMap<string, Float32Array>) => {
      const network = createNetwork(smallSpec, 7);
      const options = { ...smallTraining, batchSize: 8, optimiser: sgd, seed: 3, correction };
      for await (const _ of train(network, smallScans(8), options));
      const weights = new Map([...network.variables].map(([name, variable]) => [name, variable.dataSync().slice()]));
      network.dispose();
      return weights;
    };
    const plain = await moved();
    const correction = new Map([...plain].map(([name, { length }]) => [name, new Float32Array(length).fill(0.5)]));
    for (const [name, values] of await moved(correction)) {
      values.forEach((value, index) => {
        expect(value - plain.get(name)![index]!, name).to.be.closeTo(-0.5 * unitMove(sgd, 0.05, 1)!, 1e-5);
      });
    }
  });

  it("knows how far a constant gradient of 1 moves a weight", () => {
    expect(unitMove(sgd, 0.05, 10)).to.be.closeTo(0.5, 1e-12);
    // Velocities 1, 1.5, 1.75; by Nesterov 0.5 v + 1.
    expect(unitMove({ ...sgd, momentum: 0.5 }, 2, 3)).to.equal(2 * 4.25);
    expect(unitMove({ ...sgd, momentum: 0.5, nesterov: true }, 1, 3)).to.equal(1.5 + 1.75 + 1.875);
    expect(unitMove({ name: "adam", learningRate: 0.01 }, 0.01, 3)).to.equal(undefined);
  });

  it("is refused with Adam, which rescales gradients", async () => {
    const plan = {
      ...defaultPlan(),
      model: smallSpec,
      training: smallTraining,
      strategy: {
        ...({ name: "scaffold", maxSharePermille: 1000, maxStaleness: 0 } as const),
        ...{ serverLearningRate: 1, controlClipNorm: 8 },
      },
    };
    const data = smallScans(4);
    const learner = openTrainer({
      shard: async () => ({ root: zeroDigest, quarantine: zeroDigest, trainScans: 4 }),
      split: async () => data,
    });
    const base = genesisWeights(plan);
    const request = { plan, round: 1 as RoundId, base, seed: 3 };
    const failed = await learner.train(request).catch((error: unknown) => error);
    expect(failed).to.have.property("code", "STRATEGY_NEEDS_SGD");
    const withSgd = { ...plan, training: { ...smallTraining, optimiser: sgd } };
    const outcome = await learner.train({ ...request, plan: withSgd });
    expect(outcome.unitMove).to.be.closeTo(0.05, 1e-12);
  });
});

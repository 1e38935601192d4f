import { expect } from "chai";
import { sha256 } from "../../../foundation/sha256.ts";
import { scorePredictions } from "../../../foundation/statistics/scores.ts";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { evaluate } from "../../../model/training/evaluate.ts";
import { type TrainOptions, train } from "../../../model/training/train.ts";
import type { TrainingSet } from "../../../model/training/training-set.ts";
import type { ModelSpec } from "../../../protocol/format/model-spec.ts";
import { smallScans, smallSpec, smallTraining } from "../small-scans.ts";

const hex = (bytes: Uint8Array) => Buffer.from(sha256(bytes)).toString("hex");

async function trained(data: TrainingSet, options: Partial<TrainOptions> = {}, spec: ModelSpec = smallSpec) {
  const network = createNetwork(spec, 7);
  const losses: number[] = [];
  try {
    for await (const { loss } of train(network, data, { ...smallTraining, seed: 3, ...options })) losses.push(loss);
    return { losses, digest: hex(network.getWeights()), predictions: await evaluate(network, data) };
  } finally {
    network.dispose();
  }
}

async function failure(work: () => Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await work();
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error("nothing was thrown");
}

describe("training", () => {
  it("learns eight scans by heart", async () => {
    const { losses, predictions } = await trained(smallScans(8), { localEpochs: 100 });
    expect(losses.at(-1)).to.be.below(1e-3);
    expect(scorePredictions(predictions, 0.5).balancedAccuracy.value).to.equal(1);
  });

  it("learns to draw what it saw where the plan asks for it, and the same bits again", async () => {
    const spec = { ...smallSpec, reconstruction: true };
    const data = smallScans(4);
    const first = await trained(data, { localEpochs: 60 }, spec);
    expect(first.losses.at(-1)).to.be.below(first.losses[0]! / 4);
    expect((await trained(data, { localEpochs: 60 }, spec)).digest).to.equal(first.digest);
  });

  it("comes to the same bits from the same seed, and to others from another", async () => {
    const data = smallScans(6);
    const options = { localEpochs: 2, augmentation: true };
    const first = await trained(data, options);
    expect((await trained(data, options)).digest).to.equal(first.digest);
    expect((await trained(data, { ...options, seed: 4 })).digest).not.to.equal(first.digest);
  });

  for (const normalisation of ["none", "batch-local"] as const) {
    it(`comes to the same bits when it is cut short at any step and resumed (${normalisation})`, async () => {
      const spec = { ...smallSpec, normalisation };
      const options = { ...smallTraining, augmentation: true, localEpochs: 2, proximalMu: 0.1, seed: 3 };
      const run = async (resume?: Uint8Array) => {
        const network = createNetwork(spec, 7);
        const checkpoints: Uint8Array[] = [];
        for await (const event of train(network, smallScans(7), { ...options, resume })) {
          checkpoints.push(event.checkpoint());
        }
        const digests = [hex(network.getWeights()), hex(network.getWeights("local"))];
        network.dispose();
        return { digests, checkpoints };
      };
      const whole = await run();
      const before = tf.memory().numTensors;
      for (const [done, checkpoint] of whole.checkpoints.entries()) {
        const rest = await run(checkpoint);
        expect(rest.digests).to.deep.equal(whole.digests);
        expect(rest.checkpoints.length).to.equal(whole.checkpoints.length - done - 1);
      }
      expect(tf.memory().numTensors).to.equal(before);
    });
  }

  it("refuses a checkpoint of another training", async () => {
    const network = createNetwork(smallSpec, 7);
    let resume: Uint8Array | undefined;
    for await (const event of train(network, smallScans(4), { ...smallTraining, seed: 3 })) resume = event.checkpoint();
    const error = await failure(async () => {
      for await (const _ of train(network, smallScans(4), { ...smallTraining, seed: 4, resume: resume as Uint8Array }));
    });
    network.dispose();
    expect(error).to.include({ code: "CHECKPOINT_MISMATCH" });
  });

  for (const normalisation of ["none", "group", "batch-local"] as const) {
    it(`leaves no tensor behind (${normalisation})`, async () => {
      const spec = { ...smallSpec, normalisation };
      await trained(smallScans(5), {}, spec);
      const before = tf.memory().numTensors;
      await trained(smallScans(5), { proximalMu: 0.1 }, spec);
      expect(tf.memory().numTensors).to.equal(before);
    });
  }

  it("is held near the base model by the proximal term", async () => {
    const distance = async (proximalMu: number) => {
      const network = createNetwork(smallSpec, 7);
      const before = [...network.variables.values()].map((variable) => variable.dataSync().slice());
      const optimiser = { name: "sgd", learningRate: 0.05, momentum: 0.9, nesterov: true } as const;
      for await (const _ of train(network, smallScans(8), {
        ...smallTraining,
        optimiser,
        localEpochs: 5,
        seed: 1,
        proximalMu,
      }));
      const moved = [...network.variables.values()].flatMap((variable, at) =>
        Array.from(variable.dataSync(), (value, i) => (value - before[at]![i]!) ** 2),
      );
      network.dispose();
      return Math.sqrt(moved.reduce((sum, value) => sum + value, 0));
    };
    expect(await distance(1)).to.be.below((await distance(0)) * 0.8);
  });

  it("stops between steps when it is aborted", async () => {
    const controller = new AbortController();
    const network = createNetwork(smallSpec);
    let steps = 0;
    const error = await failure(async () => {
      for await (const _ of train(network, smallScans(8), { ...smallTraining, seed: 1, localEpochs: 9 }, controller)) {
        if (++steps === 2) controller.abort();
      }
    });
    network.dispose();
    expect(error).to.include({ code: "ABORTED" });
    expect(steps).to.equal(2);
  });

  it("stops at a weight that is no number and names step and layer", async () => {
    const network = createNetwork(smallSpec);
    network.variables.get("stem/b/kernel")?.assign(tf.fill([3, 3, 12, 24], Number.NaN));
    const error = await failure(async () => {
      for await (const _ of train(network, smallScans(4), { ...smallTraining, seed: 1 }));
    });
    network.dispose();
    expect(error).to.include({ code: "LOSS_NOT_FINITE" });
    expect(error["facts"]).to.include({ step: 1, layer: "stem/b/kernel" });
  });

  it("refuses scans of another size than the plan's", async () => {
    const error = await failure(() => trained(smallScans(2, 1, { ...smallSpec.input, height: 48, width: 48 })));
    expect(error).to.include({ code: "DATA_SHAPE_MISMATCH" });
  });
});

// The pointing game (Zhang 2018) on synthetic patients, whose lesions are known to the pixel: does Grad-CAM point at them?
import { expect } from "chai";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { areaUnderCurve } from "../../foundation/statistics/scores.ts";
import { createNetwork } from "../../model/network/network.ts";
import { evaluate } from "../../model/training/evaluate.ts";
import { train } from "../../model/training/train.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { synthesiseSets } from "../../study/baselines/synthetic-scans.ts";
import { playPointingGame, scorePointing } from "../../study/explanations/pointing-game.ts";

describe("the activation of a trained network, on lesions that are known", () => {
  it("points at a lesion far more often than chance", async () => {
    const sets = await synthesiseSets({ patients: 80, side: 64, slices: 12, seed: 7 }, () => {});
    const plan = defaultPlan();
    const network = createNetwork(plan.model, 7);
    for (let round = 0; round < 12; round++) {
      const options = { ...plan.training, seed: 7 + round, progress: round / 12, localEpochs: 2 };
      for await (const _ of train(network, sets.train, options));
    }
    const predictions: Prediction[] = await evaluate(network, sets.test);
    const ill = [...sets.test.scans.keys()].filter((index) => sets.test.scans[index]!.label === 1);
    const { points, hits, chance } = scorePointing(ill.map((index) => playPointingGame(network, sets.test, index)));
    console.log(
      `AUC ${areaUnderCurve(predictions).value.toFixed(3)} on ${predictions.length} held-out patients; ` +
        `points at a lesion in ${hits} of ${points} slices, by chance in ${chance.toFixed(1)}`,
    );
    expect(areaUnderCurve(predictions).value).to.be.above(0.8);
    expect(hits).to.be.above(2 * chance);
    network.dispose();
  }).timeout(900_000);
});

// The pointing game (Zhang 2018) on synthetic patients, whose lesions are known to the pixel: does Grad-CAM point at them?
import { expect } from "chai";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { areaUnderCurve } from "../../foundation/statistics/scores.ts";
import { classActivation } from "../../model/network/class-activation.ts";
import { explain } from "../../model/network/explain.ts";
import { createNetwork, type Network } from "../../model/network/network.ts";
import type { SegmentationSet } from "../../model/segmentation/segmentation-set.ts";
import { evaluate } from "../../model/training/evaluate.ts";
import { train } from "../../model/training/train.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import { synthesiseSets } from "../../study/baselines/synthetic-scans.ts";

/** Of the slices that weigh most, as in the pictures of predict. */
const heaviestSlices = 3;

interface Game {
  points: number;
  hits: number;
  /** Hits expected of points anywhere in the lungs of the same slices. */
  chance: number;
}

/** Where the highest cell of a slice's map holds lesion, beside a cell of the lungs at random. */
function play(network: Network, set: SegmentationSet): Game {
  const game: Game = { points: 0, hits: 0, chance: 0 };
  const { height, width } = set;
  for (const index of [...set.scans.keys()].filter((place) => set.scans[place]!.label === 1)) {
    const { votes } = explain(network, set, index);
    const { rows, columns, values } = classActivation(network, set, index);
    const { lung, lesion } = set.masks(index);
    const heaviest = [...votes.keys()].sort((a, b) => votes[b]!.weight - votes[a]!.weight).slice(0, heaviestSlices);
    for (const place of heaviest) {
      const cells = Array.from({ length: rows * columns }, (_, cell) => cell);
      const holds = (mask: Uint8Array, cell: number) => {
        const [top, left] = [Math.floor(cell / columns) * (height / rows), (cell % columns) * (width / columns)];
        for (let y = top; y < top + height / rows; y++) {
          const from = (votes[place]!.slice * height + y) * width + left;
          if (mask.subarray(from, from + width / columns).includes(1)) return true;
        }
        return false;
      };
      const heat = (cell: number) => values[place * rows * columns + cell]!;
      const highest = cells.reduce((best, cell) => (heat(cell) > heat(best) ? cell : best));
      const inLung = cells.filter((cell) => holds(lung, cell));
      game.points++;
      if (heat(highest) > 0 && holds(lesion, highest)) game.hits++;
      game.chance += inLung.filter((cell) => holds(lesion, cell)).length / Math.max(1, inLung.length);
    }
  }
  return game;
}

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
    const { points, hits, chance } = play(network, sets.test);
    console.log(
      `AUC ${areaUnderCurve(predictions).value.toFixed(3)} on ${predictions.length} held-out patients; ` +
        `points at a lesion in ${hits} of ${points} slices, by chance in ${chance.toFixed(1)}`,
    );
    expect(areaUnderCurve(predictions).value).to.be.above(0.8);
    expect(hits).to.be.above(2 * chance);
    network.dispose();
  }).timeout(900_000);
});

import { expect } from "chai";
import type { Prediction } from "../../../foundation/statistics/scores.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import type { TrainingSet } from "../../../model/training/training-set.ts";
import { zooNetwork } from "../../../model/zoo/networks.ts";
import { predictZoo } from "../../../model/zoo/predict-zoo.ts";
import { trainZoo } from "../../../model/zoo/train-zoo.ts";
import { createZooModel } from "../../../model/zoo/zoo-model.ts";
import { contestTable } from "../../../scripts/baselines/contest-table.ts";
import { type ContestEvent, contest, majorityRow } from "../../../study/baselines/contest.ts";
import { smallScans, smallSpec } from "../small-scans.ts";

const input = { ...smallSpec.input, slices: 3 };

async function learned(name: string, data: TrainingSet, epochs: number, seed = 3) {
  const model = createZooModel(zooNetwork(name), input, { seed });
  const losses: number[] = [];
  const options = { epochs, batchSize: 4, learningRate: 2e-3, augmentation: false, seed };
  for await (const { loss } of trainZoo(model, data, options)) losses.push(loss);
  const predictions = await predictZoo(model, data);
  model.dispose();
  return { losses, predictions };
}

async function rowsOf(sets: Parameters<typeof contest>[0], networks: string[]) {
  const events: ContestEvent[] = [];
  const options = { networks, epochs: 1, slices: 2, seed: 1, pretrained: new Map() };
  for await (const event of contest(sets, options)) events.push(event);
  return events.flatMap((event) => (event.kind === "row" ? [event.row] : []));
}

describe("training a comparison network", () => {
  it("learns, the same from the same seed, and leaves no tensor behind", async () => {
    const data = smallScans(8);
    const before = tf.memory().numTensors;
    const first = await learned("mobilenet", data, 12);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(first.losses.slice(-4))).to.be.below(mean(first.losses.slice(0, 4)) / 2);
    const again = await learned("mobilenet", data, 2);
    expect(again.losses).to.deep.equal((await learned("mobilenet", data, 2)).losses);
    expect(first.predictions.map(({ patient }) => patient)).to.deep.equal(data.scans.map(({ patient }) => patient));
    for (const { score } of first.predictions) expect(score).to.be.within(0, 1);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it("scores a patient by the mean over the patient's scans", async () => {
    const data = smallScans(4);
    const scans = data.scans.map((scan, at) => ({ ...scan, patient: at % 2 === 0 ? "even" : "odd" }));
    const model = createZooModel(zooNetwork("mobilenet"), input, { seed: 1 });
    const single = (await predictZoo(model, data)).map(({ score }) => score) as [number, number, number, number];
    const joined = await predictZoo(model, { ...data, scans }, { batchSize: 3 });
    model.dispose();
    const expected = [(single[0] + single[2]) / 2, (single[1] + single[3]) / 2];
    for (const [at, { score }] of joined.entries()) expect(score).to.be.closeTo(expected[at]!, 1e-5);
  });
});

describe("the contest of baselines", () => {
  const sets = { train: smallScans(8, 1), validation: smallScans(4, 2), test: smallScans(6, 3) };

  it("trains each network on the same patients, and scores all on the test patients alone", async () => {
    const rows = await rowsOf(sets, ["capsules", "mobilenetv2"]);
    expect(rows.map(({ name }) => name)).to.deep.equal(["capsules", "mobilenetv2"]);
    for (const { scores } of rows) expect(scores.patients).to.equal(6);
    const text = contestTable([...rows, majorityRow(sets)]);
    expect(text).to.include("balanced accuracy").and.to.include("AUC").and.to.include("always the majority");
  });

  it("takes nothing from the test patients but their scores: other test labels choose no other threshold", async () => {
    const swapped = sets.test.scans.map((scan) => ({ ...scan, label: (1 - scan.label) as 0 | 1 }));
    const [row] = await rowsOf(sets, ["mobilenetv2"]);
    const [other] = await rowsOf({ ...sets, test: { ...sets.test, scans: swapped } }, ["mobilenetv2"]);
    expect(other?.scores.threshold).to.equal(row?.scores.threshold);
    expect(other?.scores.auc.value).to.be.closeTo(1 - (row?.scores.auc.value as number), 1e-12);
  });

  it("gives the majority's row a balanced accuracy of one half, and calls it at chance", () => {
    const unequal = sets.train.scans.map((scan, at) => ({ ...scan, label: (at < 6 ? 1 : 0) as 0 | 1 }));
    const { scores } = majorityRow({ ...sets, train: { ...sets.train, scans: unequal } });
    expect(scores.sensitivity.value).to.equal(1);
    expect(scores.specificity.value).to.equal(0);
    expect(scores.balancedAccuracy.value).to.equal(0.5);
    expect(scores.auc.value).to.equal(0.5);
    expect(scores.isAtChance).to.equal(true);
  });

  it("refuses splits without patients or without one of the classes", async () => {
    const none = { ...sets.test, scans: [] };
    const one = { ...sets.test, scans: sets.test.scans.filter(({ label }: Pick<Prediction, "label">) => label === 1) };
    for (const [test, code] of [
      [none, "CONTEST_SPLIT_EMPTY"],
      [one, "CONTEST_ONE_CLASS"],
    ] as const) {
      const error = await rowsOf({ ...sets, test }, ["mobilenetv2"]).catch((caught: unknown) => caught);
      expect(error).to.include({ code });
    }
  });
});

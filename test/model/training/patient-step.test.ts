import { expect } from "chai";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { loadBatch } from "../../../model/training/batch.ts";
import { patientStep } from "../../../model/training/patient-step.ts";
import { genesisWeights } from "../../../model/training/trainer.ts";
import type { TrainingSet } from "../../../model/training/training-set.ts";
import { createTrainingStep } from "../../../model/training/training-step.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import { parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { powerOfTwo } from "../../../protocol/update/power-of-two.ts";
import { updateLayout } from "../../../protocol/update/update-layout.ts";
import { planFrom } from "../../../scripts/plan/plan-from-choices.ts";
import { secretOf } from "../../fakes/party-ports.ts";
import { context } from "../../protocol/private/private-round.ts";
import { smallScans, smallSpec } from "../small-scans.ts";

const noisy = planFrom({ private: true, noiseMultiplier: 1, samplingRate: 1, augmentation: false, learningRate: 1 });
const planWith = (patient: object = {}): Plan => ({
  ...noisy,
  model: smallSpec,
  privacy: { ...noisy.privacy!, largest: 2 ** 15 - 1, patient: { ...noisy.privacy!.patient!, ...patient } },
});
const coins = { secret: secretOf("step"), context };

async function stepOf(plan: Plan, data: TrainingSet, secret = coins.secret) {
  const base = genesisWeights(plan);
  const network = createNetwork(plan.model, 1);
  network.setWeights(base);
  try {
    const result = await patientStep(network, data, { plan, base, coins: { ...coins, secret } });
    const { segments } = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
    return { ...result, segments };
  } finally {
    network.dispose();
  }
}

/** The gradient of the mean loss over all scans, by the plain step's graph. */
function meanGradient(plan: Plan, data: TrainingSet): ReadonlyMap<string, Float32Array> {
  const network = createNetwork(plan.model, 1);
  network.setWeights(genesisWeights(plan));
  const step = createTrainingStep(network, plan.training, 1);
  const found = new Map<string, Float32Array>();
  tf.tidy(() => {
    const x = loadBatch(data, [...data.scans.keys()], plan.model.input);
    const labels = data.scans.map(({ label }) => label);
    const targets = tf.oneHot(tf.tensor1d(labels, "int32"), 2).toFloat() as never;
    const { grads } = step.gradients({ x, targets, weights: tf.ones([labels.length]) as never });
    for (const [name, variable] of step.trainable) found.set(name, grads[variable.name]!.dataSync() as Float32Array);
  });
  step.dispose();
  network.dispose();
  return found;
}

/** Scans of which the network takes each slice, so that nothing about them is drawn. */
function wholeScans(count: number): TrainingSet {
  const all = smallScans(60);
  const whole = [...all.scans.keys()].filter((index) => all.scans[index]!.slices === smallSpec.input.slices);
  const taken = whole.slice(0, count);
  return { ...all, scans: taken.map((index) => all.scans[index]!), read: (place) => all.read(taken[place]!) };
}

describe("a step of a sample of patients", function () {
  this.timeout(60_000);

  it("is the plain step's gradient, rounded, where nobody is clipped and all are in the sample", async () => {
    const data = wholeScans(5);
    const plan = planWith({ clipNorm: 1, integerNorm: 2 ** 14 });
    const { integers, segments, patients, clipped, loss } = await stepOf(plan, data);
    expect([patients, clipped]).to.deep.equal([5, 0]);
    expect(loss).to.be.within(0.01, 2);
    const gradients = meanGradient(plan, data);
    let largest = 0;
    let longest = 0;
    for (const { name, start, length, exponent } of segments) {
      const gradient = gradients.get(name)!;
      for (let index = 0; index < length; index++) {
        // The sum over patients of learning rate 1 times gradient over batchSize 16.
        const expected = (-5 * gradient[index]!) / 16;
        longest = Math.max(longest, Math.abs(expected));
        largest = Math.max(largest, Math.abs(integers[start + index]! * powerOfTwo(exponent) - expected));
      }
    }
    // Each patient's part is rounded to a neighbour: five steps at most.
    expect(largest).to.be.below(5.01 * powerOfTwo(segments[0]!.exponent));
    expect(longest).to.be.above(50 * powerOfTwo(segments[0]!.exponent));
  });

  it("clips all scans of a patient together", async () => {
    const one = smallScans(6);
    const data = { ...one, scans: one.scans.map((scan) => ({ ...scan, patient: "the same" })) };
    const { integers, patients, clipped } = await stepOf(planWith({ clipNorm: 1e-4 }), data);
    expect([patients, clipped]).to.deep.equal([1, 1]);
    expect(Math.sqrt(integers.reduce((sum, value) => sum + value * value, 0))).to.be.within(300, 512);
  });

  it("changes by no more than the integer norm when a patient comes, and by nothing where the coin says no", async () => {
    const data = smallScans(4);
    const fewer = { ...data, scans: data.scans.slice(0, 3) };
    const plan = planWith();
    const [all, some] = [(await stepOf(plan, data)).integers, (await stepOf(plan, fewer)).integers];
    const moved = all.reduce((sum, value, index) => sum + (value - some[index]!) ** 2, 0);
    expect(Math.sqrt(moved)).to.be.within(1, 512);
    const none = await stepOf(planWith({ samplingRate: 2 ** -20 }), data);
    expect([none.patients, none.loss, none.integers.some((value) => value !== 0)]).to.deep.equal([0, 0, false]);
  });

  it("makes the same integers under the same secret alone", async () => {
    const data = smallScans(3);
    const [first, same] = [await stepOf(planWith(), data), await stepOf(planWith(), data)];
    expect(same.integers).to.deep.equal(first.integers);
    expect((await stepOf(planWith(), data, secretOf("other"))).integers).not.to.deep.equal(first.integers);
  });
});

// What one plain update says about the labels of its hospital, and whether a masked one says it too. The model is the smallest
// that has the leak: a logistic regression, whose bias moves towards the class that the hospital has more of.
import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { makeContribution } from "../../../protocol/private/contribution.ts";
import { type MaskSecrets, maskInput, maskKey } from "../../../protocol/private/mask.ts";
import { rings } from "../../../protocol/private/ring.ts";
import { sumMasked, unmask } from "../../../protocol/private/unmask.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { secretOf } from "../../fakes/party-ports.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { context } from "./private-round.ts";

const ring = rings.L16;
const features = 8;
const patients = 40;
/** Hospitals of each kind. */
const count = 60;
const largest = 2047;
const plan = { ...planOf("fedavg"), privacy: { mode: "sum", unitWeight: 32, largest, maxSeals: 1 } as const };
const base = modelOf({ weights: [...new Array<number>(features).fill(0), 0] });

/** Weights and bias after some steps on patients of which this share is positive. */
function trained(name: string, positives: number): Uint8Array {
  const next = seededIntegers("labels", name);
  const uniform = () => next() / 2 ** 32;
  const weights = new Array<number>(features + 1).fill(0);
  const shard = Array.from({ length: patients }, (_, patient) => {
    const label = patient < positives * patients ? 1 : 0;
    return { label, inputs: Array.from({ length: features }, () => uniform() - 0.5 + 0.3 * (label - 0.5)) };
  });
  for (let epoch = 0; epoch < 5; epoch++) {
    for (const { label, inputs } of shard) {
      const sum = inputs.reduce((total, value, i) => total + value * weights[i]!, weights[features]!);
      const error = label - 1 / (1 + Math.exp(-sum));
      for (const [i, value] of [...inputs, 1].entries()) weights[i] = weights[i]! + 0.05 * error * value;
    }
  }
  return modelOf({ weights });
}

/** The probability that a hospital of positives reads higher than one of negatives; 0.5 is chance. */
function area(positives: readonly number[], negatives: readonly number[]): number {
  const wins = positives.flatMap((high) => negatives.map((low) => (high > low ? 1 : high === low ? 0.5 : 0)));
  return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
}

/** What an object says of the bias: its residues as the number that they would be without a mask. */
function biasRead(masked: Uint8Array): number {
  const [first, second] = ["61441", "40961"].map((prime) =>
    Number(decodeSafetensors(masked).tensors.find(({ name }) => name === prime)!.data[features]),
  ) as [number, number];
  for (let digit = 0; digit < 40961; digit++) {
    const value = first + 61441 * digit;
    if (value % 40961 === second) return (value > ring.modulus / 2 ? value - ring.modulus : value) / ring.delta;
  }
  throw new Error("no number has these residues");
}

describe("the label balance of a hospital", function () {
  this.timeout(60_000);

  const hospitals = (kind: "positive" | "negative") =>
    Array.from({ length: count }, (_, index) => {
      const name = `${kind} ${index}`;
      const secrets: MaskSecrets = { ring, secret: secretOf(name), context };
      const local = trained(name, kind === "positive" ? 1 : 0);
      const { integers } = makeContribution({
        ...{ base, local, plan, sampleCount: patients, unitWeight: 32, largest },
        ...{ secret: secrets.secret, context },
      });
      return { plain: integers[features]!, masked: maskInput(Int32Array.from(integers), secrets), secrets };
    });
  const [positive, negative] = [hospitals("positive"), hospitals("negative")];
  // Hanley and McNeil 1982, at chance.
  const sigma = Math.sqrt((2 * count + 1) / (12 * count * count));

  it("is read from one plain update", () => {
    expect(
      area(
        positive.map(({ plain }) => plain),
        negative.map(({ plain }) => plain),
      ),
    ).to.equal(1);
  });

  it("is not read from one masked update, better than by chance and three standard deviations", () => {
    const read = (each: typeof positive) => each.map(({ masked }) => biasRead(masked));
    expect(area(read(positive), read(negative))).to.be.within(0.5 - 3 * sigma, 0.5 + 3 * sigma);
  });

  it("is read again by who has the mask's key: what fewer than the threshold of holders must never have", async () => {
    const opened = async (each: typeof positive) => {
      const read = each.slice(0, 5).map(async ({ masked, secrets }) => {
        const shape = { ring, coordinates: features + 1 };
        const sum = await sumMasked([memorySource(masked)], shape);
        return unmask(
          sum,
          maskKey(secrets).map((slots) => Int32Array.from(slots)),
          { ...shape, context },
        ).sum[features]!;
      });
      return Promise.all(read);
    };
    expect(area(await opened(positive), await opened(negative))).to.equal(1);
  });
});

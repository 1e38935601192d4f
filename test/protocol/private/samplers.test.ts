import { createHash } from "node:crypto";
import { expect } from "chai";
import { discreteGaussian } from "../../../protocol/private/discrete-gaussian.ts";
import { errorSampler, largestError } from "../../../protocol/private/error-sampler.ts";
import { errorThresholds } from "../../../protocol/private/error-table.ts";
import { KeyStream } from "../../../protocol/private/key-stream.ts";
import { secretOf } from "../../fakes/party-ports.ts";

/** Pearson's statistic over all cells with an expectation of at least 10, less its degrees of freedom, in deviations. */
function chiSquareDeviations(samples: ArrayLike<number>, weight: (x: number) => number, reach: number): number {
  let total = 0;
  for (let x = -reach; x <= reach; x++) total += weight(x);
  const counts = new Map<number, number>();
  for (let index = 0; index < samples.length; index++) {
    const x = samples[index]!;
    counts.set(x, (counts.get(x) ?? 0) + 1);
  }
  let statistic = 0;
  let cells = 0;
  let [restExpected, restFound] = [0, samples.length];
  for (let x = -reach; x <= reach; x++) {
    const expected = (samples.length * weight(x)) / total;
    if (expected < 10) {
      restExpected += expected;
      continue;
    }
    const found = counts.get(x) ?? 0;
    restFound -= found;
    statistic += (found - expected) ** 2 / expected;
    cells++;
  }
  if (restExpected > 1) {
    statistic += (restFound - restExpected) ** 2 / restExpected;
    cells++;
  }
  return (statistic - (cells - 1)) / Math.sqrt(2 * (cells - 1));
}

const gaussian = (variance: number) => (x: number) => Math.exp((-x * x) / (2 * variance));

describe("mask errors", () => {
  it("have a table that is what its definition says, to float64's precision, and to the bit what it was", () => {
    const thresholds = errorThresholds();
    let total = 0;
    for (let x = -200; x <= 200; x++) total += gaussian(40.96)(x);
    let sum = 0;
    for (const [k, threshold] of thresholds.entries()) {
      sum += gaussian(40.96)(k) * (k === 0 ? 1 : 2);
      expect(Number(threshold) / 2 ** 128).to.be.closeTo(sum / total, 1e-14);
      expect(threshold % 2n).to.equal(0n);
      expect(threshold < 1n << 128n).to.equal(true);
    }
    expect(thresholds[0]!.toString(16)).to.equal("ff52b4064a1f25829df05b2074b38de");
    const digest = createHash("sha256")
      .update(thresholds.map((each) => each.toString(16)).join())
      .digest("hex");
    expect(digest).to.equal("f4148e8e2fd0f6d4cecda2ee2a6ff86661286c10fb45350fa2016f4d34a6ad34");
    expect(largestError()).to.equal(84);
  });

  it("are what the thresholds say of each 128-bit number, at every threshold and beside it", () => {
    const thresholds = errorThresholds();
    const numbers = thresholds.flatMap((threshold) => [threshold - 2n, threshold - 1n, threshold, threshold + 1n]);
    // Numbers whose upper 32 bits alone decide, in fours and with one that they do not decide.
    const apart = (threshold: bigint, by: bigint) => (threshold + (by << 96n)) & ((1n << 128n) - 1n);
    const nearest = thresholds.filter((threshold) => threshold >> 96n < 0xffff_fff0n);
    numbers.push(...nearest.flatMap((threshold) => [-1n, 1n, -2n, 3n].map((by) => apart(threshold, by))));
    numbers.push(...nearest.flatMap((threshold) => [-1n, 1n, 0n, 3n].map((by) => apart(threshold, by) | 1n)));
    numbers.push(0n, 1n, (1n << 128n) - 1n, (1n << 128n) - 2n, 1n << 127n, (1n << 64n) - 1n, 1n << 64n, 1n << 63n);
    const bytes = Buffer.concat(
      numbers.map((number) => Buffer.from(number.toString(16).padStart(32, "0"), "hex").reverse()),
    );
    const samples = new Int16Array(numbers.length);
    const coins = { bytes: () => new Uint8Array(bytes) } as unknown as KeyStream;
    errorSampler(coins, numbers.length).next(samples);
    const expected = numbers.map((number) => {
      const magnitude = thresholds.filter((threshold) => number >= threshold).length;
      return number % 2n === 1n && magnitude > 0 ? -magnitude : magnitude;
    });
    expect([...samples]).to.deep.equal(expected);
  });

  it("are distributed as a discrete Gaussian of variance 40.96 (chi-square)", () => {
    const samples = new Int16Array(1 << 18);
    errorSampler(KeyStream.ofText("chi-square"), samples.length).next(samples);
    expect(chiSquareDeviations(samples, gaussian(40.96), 84)).to.be.within(-4, 4);
    expect(chiSquareDeviations(samples, gaussian(42), 84), "the test sees a variance of 42").to.be.above(6);
  });
});

describe("discrete Gaussian noise", () => {
  const draw = (name: string, variance: { numerator: bigint; denominator: bigint }, count: number, margin?: number) => {
    const next = discreteGaussian(KeyStream.ofText(name), variance, margin);
    return Int32Array.from({ length: count }, next);
  };

  for (const [numerator, denominator, reach] of [
    [9n, 4n, 30],
    [1n, 10n, 10],
    [10_000n, 1n, 1000],
  ] as const) {
    const variance = Number(numerator) / Number(denominator);
    it(`has the distribution of variance ${variance} (chi-square)`, () => {
      const samples = draw("noise", { numerator, denominator }, 60_000);
      expect(chiSquareDeviations(samples, gaussian(variance), reach)).to.be.within(-4, 4);
      expect(chiSquareDeviations(samples, gaussian(variance * 1.1), reach), "the test sees 10 %").to.be.above(6);
    });
  }

  it("is the same where every comparison is made in integers", () => {
    for (const variance of [
      { numerator: 9n, denominator: 4n },
      { numerator: 123_456_789n, denominator: 1000n },
      { numerator: 1n, denominator: 1_000_000n },
    ]) {
      const filtered = draw("both", variance, 3000);
      expect(draw("both", variance, 3000, 1)).to.deep.equal(filtered);
    }
  });

  it("refuses a variance that is not positive", () => {
    const coins = KeyStream.ofSecret(secretOf("x"), "noise");
    for (const numerator of [0n, -1n]) {
      expect(() => discreteGaussian(coins, { numerator, denominator: 1n })).to.throw(RangeError);
    }
  });
});

describe("key streams", () => {
  it("take residues from 16-bit numbers by rejection, however they are asked for", () => {
    const whole = new Int32Array(50_000);
    KeyStream.ofText("residues").residues(whole, 12289);
    const pieces = KeyStream.ofText("residues");
    for (const start of [0, 7, 40_000]) {
      const piece = new Int32Array(start === 0 ? 7 : start === 7 ? 39_993 : 10_000);
      pieces.residues(piece, 12289);
      expect(piece).to.deep.equal(whole.slice(start, start + piece.length));
    }
    const numbers = new Uint16Array(KeyStream.ofText("residues").bytes(200).buffer);
    const expected = [...numbers].filter((number) => number < 5 * 12289).map((number) => number % 12289);
    expect([...whole.slice(0, expected.length)]).to.deep.equal(expected);
  });

  it("give the bytes that they give as numbers", () => {
    const bytes = Buffer.from(KeyStream.ofText("numbers").bytes(70_000));
    const numbers = KeyStream.ofText("numbers");
    for (let at = 0; at < 70_000; at += 4) expect(numbers.uint32()).to.equal(bytes.readUInt32LE(at));
  });

  it("differ by purpose and secret, and refuse a short secret", () => {
    const first = (secret: string, purpose: string) => KeyStream.ofSecret(secretOf(secret), purpose).uint32();
    expect(first("a", "x")).to.equal(first("a", "x"));
    expect(new Set([first("a", "x"), first("a", "y"), first("b", "x")]).size).to.equal(3);
    expect(() => KeyStream.ofSecret(new Uint8Array(31), "x")).to.throw(RangeError);
  });
});

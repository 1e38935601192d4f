// A learner without a neural network: the seed decides how the weights move, in virtual time.

import { seededIntegers } from "../../foundation/random.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { decodeSafetensors, encodeSafetensors, parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import type { Learner } from "../../protocol/learner.ts";
import type { Clock } from "../../protocol/ports.ts";
import { PatientSum, sampledPatients } from "../../protocol/private/patient-sum.ts";
import { updateLayout } from "../../protocol/update/update-layout.ts";

export interface FakeLearnerOptions {
  readonly clock: Clock;
  readonly trainScans?: number;
  readonly trainMs?: number;
}

export class FakeLearner implements Learner {
  readonly #options: FakeLearnerOptions;
  /** Duration of a training, virtual milliseconds. */
  trainMs: number;
  /** Rounds in which trainings began, and in which they ended. */
  readonly begun: number[] = [];
  readonly ended: number[] = [];

  constructor(options: FakeLearnerOptions) {
    this.#options = options;
    this.trainMs = options.trainMs ?? 2000;
  }

  async shard() {
    const root = `0x${"5a".repeat(32)}` as Digest;
    return { root, quarantine: root, trainScans: this.#options.trainScans ?? 10 };
  }

  async train(request: Parameters<Learner["train"]>[0], options: Parameters<Learner["train"]>[1] = {}) {
    const { clock, trainScans = 10 } = this.#options;
    const { trainMs } = this;
    this.begun.push(request.round);
    options.onProgress?.({ step: 1, steps: 1, loss: 0.5 });
    await clock.sleep(trainMs, options.signal ? { signal: options.signal } : {});
    // Under SCAFFOLD the walk depends on the control variate, as real training does.
    const { plan, residual } = request;
    const control = plan.strategy.name === "scaffold" && residual ? [blobDigest(residual)] : [];
    const next = seededIntegers(request.seed, "fake", ...control);
    const { tensors } = decodeSafetensors(request.base);
    const moved = tensors
      .filter(({ name }) => !name.startsWith("server/"))
      .map((tensor) => ({
        ...tensor,
        data: Float32Array.from(tensor.data, (value) => value + (next() / 2 ** 32 - 0.5) / 8),
      }));
    this.ended.push(request.round);
    return {
      weights: encodeSafetensors(moved),
      sampleCount: trainScans,
      finalLoss: 0.5,
      seconds: trainMs / 1000,
      unitMove: 1,
    };
  }

  async sumPatients(
    { plan, round, base, coins }: Parameters<Learner["sumPatients"]>[0],
    options: Parameters<Learner["sumPatients"]>[1] = {},
  ) {
    const { clock, trainScans = 10 } = this.#options;
    this.begun.push(round);
    options.onProgress?.({ step: 1, steps: 1, loss: 0.5 });
    await clock.sleep(this.trainMs, options.signal ? { signal: options.signal } : {});
    const { privacy } = plan;
    if (!privacy?.patient) throw new Error("no plan with differential privacy");
    const { segments, coordinates } = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
    const exponents = new Int8Array(coordinates);
    for (const { start, length, exponent } of segments) exponents.fill(exponent, start, start + length);
    const sum = new PatientSum(exponents, { ...privacy.patient, largest: privacy.largest }, coins);
    const sample = sampledPatients([...new Array(trainScans).keys()], privacy.patient, coins);
    for (const patient of sample)
      sum.add(Float64Array.from({ length: coordinates }, (_, i) => ((patient + i) % 7) / 8));
    this.ended.push(round);
    const figures = { patients: sample.length, clipped: 0, loss: 0.5, sampleCount: trainScans };
    return { integers: sum.integers(), ...figures, seconds: this.trainMs / 1000 };
  }

  async predict(request: Parameters<Learner["predict"]>[0]) {
    const score = (Number.parseInt(blobDigest(request.model).slice(2, 6), 16) % 1000) / 1000;
    // As many as are published in several ranges.
    return Array.from({ length: 40 }, (_, patient) => {
      const label: 0 | 1 = patient % 2 === 0 ? 1 : 0;
      return { patient: `${patient}`, score: ((label === 1 ? score : 1 - score) + patient / 100) / 1.5, label };
    });
  }
}

/** A small genesis model. */
export function genesisModel(): Uint8Array {
  return encodeSafetensors([
    { name: "dense/kernel", dtype: "F32", shape: [8, 5], data: Float32Array.from({ length: 40 }, (_, i) => i / 40) },
    { name: "dense/bias", dtype: "F32", shape: [5], data: new Float32Array(5) },
  ]);
}

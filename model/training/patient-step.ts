// One step of DP-FedSGD (Abadi et al. 2016; McMahan et al. 2018): the clipped gradients of a secret sample of the patients, one
// by one. Scans go through the network alone, so that no patient's gradient depends on another's scans.
import type { Tensor2D } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import { contextText } from "../../protocol/private/context.ts";
import { KeyStream } from "../../protocol/private/key-stream.ts";
import { PatientSum, type SecretCoins, sampledPatients } from "../../protocol/private/patient-sum.ts";
import { updateLayout } from "../../protocol/update/update-layout.ts";
import type { Network } from "../network/network.ts";
import { trainableOf } from "../network/weights.ts";
import { compile } from "../tensorflow/graph/compile.ts";
import { compiled } from "../tensorflow/graph/compiled.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { batchTensor, countedPlaces, readScans } from "./batch.ts";
import { makeBatch, oneAhead } from "./next-batch.ts";
import type { TrainingScan, TrainingSet } from "./training-set.ts";

export interface PatientStepResult {
  /** The hospital's integers before noise, in the flat order of the update's layout. */
  readonly integers: Int32Array;
  /** Patients in the sample, and how many of them were clipped, or left out since their gradient is not finite. */
  readonly patients: number;
  readonly clipped: number;
  readonly unusable: number;
  /** Mean over the sample's scans; 0 for an empty sample. */
  readonly loss: number;
}

export interface PatientStepInput {
  readonly plan: Plan;
  /** Safetensors that the network's weights are of. */
  readonly base: Uint8Array;
  readonly coins: SecretCoins;
}

/**
 * @param options.onPatient called after each patient of the sample
 * @throws PRIVACY_NOT_PLANNED, NO_TRAINING_SCANS, DATA_SHAPE_MISMATCH, ABORTED, and the codes of updateLayout
 */
export async function patientStep(
  network: Network,
  data: TrainingSet,
  { plan, base, coins }: PatientStepInput,
  options: { signal?: AbortSignal | undefined; onPatient?: (done: number, all: number, loss: number) => void } = {},
): Promise<PatientStepResult> {
  const { signal, onPatient } = options;
  const { privacy, training } = plan;
  if (!privacy?.patient) throw new FedError("PRIVACY_NOT_PLANNED", {});
  if (data.scans.length === 0) throw new FedError("NO_TRAINING_SCANS", {}, { remedy: "import labelled scans first" });
  const { segments, coordinates } = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
  const exponents = new Int8Array(coordinates);
  for (const { start, length, exponent } of segments) exponents.fill(exponent, start, start + length);
  const sum = new PatientSum(exponents, { ...privacy.patient, largest: privacy.largest }, coins);
  const sample = sampledPatients(scansByPatient(data), privacy.patient, coins);
  const gradientOf = gradients(network, segments);
  // The denominators are the plan's: the size of a sample would say whether a patient is in it.
  const rate = -training.optimiser.learningRate / training.batchSize;
  const { secret, context } = coins;
  // Secret, and independent of the other patients, as every choice about a patient must be.
  const draws = KeyStream.ofSecret(secret, contextText("augmentation", context));
  const { input } = network.spec;
  const all = sample.flatMap((scans, patient) => scans.map((scan) => ({ patient, scan, seed: draws.uint32() })));
  const pixelsOf = ({ scan, seed }: { scan: number; seed: number }) =>
    makeBatch(readScans(data, [scan], input), input, {
      ...{ seed, step: 1, augmentation: training.augmentation, mirror: network.spec.mirror },
    });

  const change = new Float64Array(coordinates);
  const found = { clipped: 0, unusable: 0, loss: 0 };
  let left = sample[0]?.length ?? 0;
  for await (const [{ patient, scan }, pixels] of oneAhead(all, pixelsOf)) {
    if (signal?.aborted) throw new FedError("ABORTED", { patient }, { cause: signal.reason });
    const scans = sample[patient]!;
    const loss = gradientOf(pixels, data.scans[scan]!, (at, gradient) => {
      for (let index = 0; index < gradient.length; index++) {
        change[at + index] = change[at + index]! + (rate / scans.length) * gradient[index]!;
      }
    });
    found.loss += Number.isFinite(loss) ? loss / all.length : 0;
    if (--left > 0) continue;
    if (change.every(Number.isFinite)) found.clipped += sum.add(change).clipped ? 1 : 0;
    else found.unusable++;
    change.fill(0);
    onPatient?.(patient + 1, sample.length, loss);
    left = sample[patient + 1]?.length ?? 0;
    await new Promise(setImmediate); // lets abort events arrive
  }
  return { integers: sum.integers(), patients: sample.length, ...found };
}

/** The scans of each patient, by index. */
function scansByPatient({ scans }: TrainingSet): number[][] {
  const byPatient = new Map<string, number[]>();
  for (const [index, { patient }] of scans.entries()) {
    const own = byPatient.get(patient) ?? [];
    own.push(index);
    byPatient.set(patient, own);
  }
  return [...byPatient.values()];
}

/** Gives each tensor's gradient of one scan's loss, with its place in the flat vector; returns the loss. */
function gradients(network: Network, segments: readonly { readonly name: string; readonly start: number }[]) {
  const trainable = trainableOf(network.variables);
  const own = segments.filter(({ name }) => trainable.has(name));
  const { input } = network.spec;
  return (pixels: Float32Array, scan: TrainingScan, take: (at: number, gradient: Float32Array) => void): number =>
    tf.tidy(() => {
      const x = batchTensor(pixels, input);
      const targets = tf.oneHot(tf.tensor1d([scan.label], "int32"), 2).toFloat() as Tensor2D;
      const weights = tf.tensor1d([1]);
      const counts = countedPlaces([scan], input.slices);
      const inputs = [x, targets, weights, ...(counts ? [counts] : [])];
      const variables = [...network.variables.values()];
      const step = () => {
        const { value, grads } = tf.variableGrads(
          () => network.loss(x, targets, weights, counts),
          [...trainable.values()],
        );
        return [value, ...own.map(({ name }) => grads[trainable.get(name)!.name]!)];
      };
      const key = JSON.stringify(["patient", network.spec, own.map(({ name }) => name), counts !== undefined]);
      const [loss, ...outputs] = compiled(key, () => compile(step, inputs, variables)).run(inputs, variables).outputs;
      for (const [place, output] of outputs.entries()) take(own[place]!.start, output.dataSync() as Float32Array);
      return loss!.dataSync()[0]!;
    });
}

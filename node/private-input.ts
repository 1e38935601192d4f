// A hospital's input to a private sum before it is masked: trained weights, and how the base model scores its validation
// patients; with differential privacy the integers of a step before noise, and no scores. It lies in a secret file until the
// round it was summed in is over: nobody but this hospital may read it.
import { z } from "zod";
import { FedError, isFedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { canonicalBytes } from "../protocol/format/canonical.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { countField } from "../protocol/format/fields.ts";
import { blobDigest, isNameOf } from "../protocol/format/merkle.ts";
import { parseSafetensorsHeader } from "../protocol/format/safetensors.ts";
import { privateContextOf, sumPlanOfRound } from "../protocol/judge/collect-private.ts";
import { type RoundContext, trainingSeed } from "../protocol/judge/round-context.ts";
import type { Learner } from "../protocol/learner.ts";
import type { BlobStore, Journal, Log, SecretFiles } from "../protocol/ports.ts";
import { deltaFigures } from "../protocol/private/contribution.ts";
import { secretBytes } from "../protocol/private/key-stream.ts";
import { maskedBytes } from "../protocol/private/masked.ts";
import type { ScoreHistogram } from "../protocol/private/sum-layout.ts";
import { histogramBins, scoreCounts } from "../protocol/private/sum-plan.ts";
import { updateLayout } from "../protocol/update/update-layout.ts";
import { NormAccumulator } from "../protocol/update/update-norm.ts";
import type { Emit } from "./events.ts";
import { notePrepared } from "./notes.ts";

export interface PrivateInput {
  /** Safetensors of the weights after training; with differential privacy the step's integers (integerBytes). */
  readonly trained: Uint8Array;
  /** Of the base model; all zero with differential privacy. */
  readonly histogram: ScoreHistogram;
}

/** Name of the secret file. */
export const inputName = (trainedIn: RoundId) => `input/${trainedIn}`;

const countsSchema = z.array(countField).length(histogramBins);
const scoresSchema = z.object({ negatives: countsSchema, positives: countsSchema }).strict();

/** 4 bytes with the length of the scores, the scores as canonical JSON, what was trained. */
function encodeInput({ trained, histogram }: PrivateInput): Uint8Array {
  const { negatives, positives } = histogram;
  const scores = canonicalBytes({ negatives: [...negatives], positives: [...positives] });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(scores.byteLength);
  return Buffer.concat([length, scores, trained]);
}

/** @throws JOURNAL_MALFORMED where the file is gone or damaged */
export async function readInput(
  secrets: Pick<SecretFiles, "read">,
  { trainedIn, update }: { readonly trainedIn: RoundId; readonly update: Digest },
): Promise<PrivateInput> {
  const key = inputName(trainedIn);
  const bytes = await secrets.read(key);
  if (bytes === undefined || !isNameOf(update, bytes)) throw new FedError("JOURNAL_MALFORMED", { key });
  const end = 4 + Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE();
  const counts = scoresSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(4, end))));
  const histogram = { negatives: Int32Array.from(counts.negatives), positives: Int32Array.from(counts.positives) };
  return { trained: bytes.slice(end), histogram };
}

/** Integers as 4 bytes each, little-endian. */
function integerBytes(integers: Int32Array): Uint8Array {
  const bytes = Buffer.alloc(4 * integers.length);
  for (const [index, value] of integers.entries()) bytes.writeInt32LE(value, 4 * index);
  return bytes;
}

/** The integers of an input with differential privacy. */
export function integersOf(trained: Uint8Array): Int32Array {
  const bytes = Buffer.from(trained);
  return Int32Array.from({ length: bytes.length >>> 2 }, (_, index) => bytes.readInt32LE(4 * index));
}

interface TrainPorts {
  readonly learner: Learner;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  readonly secrets: SecretFiles;
  readonly randomSecret: () => Uint8Array;
  readonly log: Log;
}

interface TrainInput {
  readonly round: RoundState;
  readonly context: RoundContext;
  readonly self: HospitalAddress;
  readonly maxModelBytes: number;
  /** Whether the hospital lets its scores of the base model go into the sum. */
  readonly isScored: boolean;
}

/** What a training gave, with its figures for this hospital alone. */
interface Trained extends PrivateInput {
  readonly sampleCount: number;
  readonly seconds: number;
  readonly loss: number;
  readonly norm: number;
  readonly clipped: boolean;
}

/**
 * Trains in a round, scores the base model, and records both for the commitment. After a kill at any instant, it starts again
 * from the same base and seed, or the same secret coins, and makes the same bytes.
 * @throws ABORTED, and the codes of the learner
 */
export async function trainPrivately(
  ports: TrainPorts,
  input: TrainInput,
  { signal, emit }: { signal: AbortSignal; emit: Emit },
): Promise<void> {
  const { learner, blobs, journal, secrets } = ports;
  const { round, maxModelBytes, context } = input;
  const shard = await learner.shard();
  const base = await blobs.get(round.base, { maxBytes: maxModelBytes });
  const train = context.plan.privacy?.patient ? sumPatients : trainWeights;
  const { trained, histogram, sampleCount, ...figures } = await train(ports, { ...input, base }, { signal, emit });
  signal.throwIfAborted();
  const bytes = encodeInput({ trained, histogram });
  await secrets.write(inputName(round.id), bytes);
  await notePrepared(journal, {
    trainedIn: round.id,
    plan: round.plan,
    base: round.base,
    update: blobDigest(bytes),
    updateBytes: bytes.byteLength,
    sampleCount: Math.min(sampleCount, context.plan.sampleCap),
    shard: shard.root,
    quarantine: shard.quarantine,
  });
  await learner.forget?.();
  const { ring, coordinates } = await sumPlanOfRound(ports, { round, context });
  const counted = { sampleCount, updateBytes: maskedBytes(ring, coordinates) };
  emit({ event: "trained", round: round.id, ...figures, ...counted });
}

async function trainWeights(
  ports: TrainPorts,
  input: TrainInput & { readonly base: Uint8Array },
  { signal, emit }: { signal: AbortSignal; emit: Emit },
): Promise<Trained> {
  const { round, base, self, context } = input;
  const { plan } = context;
  const { weights, sampleCount, seconds, finalLoss } = await ports.learner.train(
    { plan, round: round.id, base, seed: trainingSeed(plan, round.id, self) },
    { signal, onProgress: (progress) => emit({ event: "training", round: round.id, ...progress }) },
  );
  const histogram = await scoresOf(ports, input, signal);
  const { norm, clipped } = deltaFigures({ base, local: weights, plan });
  return { trained: weights, histogram, sampleCount, seconds, loss: finalLoss, norm, clipped };
}

/** A step over a secret sample of the patients. Its coins are on disk before it begins, and erased with the round. */
async function sumPatients(
  ports: TrainPorts,
  { round, base, context }: TrainInput & { readonly base: Uint8Array },
  { signal, emit }: { signal: AbortSignal; emit: Emit },
): Promise<Trained> {
  const { plan } = context;
  const coins = { secret: await coinsOf(ports, round.id), context: privateContextOf(context, round) };
  const { integers, sampleCount, seconds, loss, clipped } = await ports.learner.sumPatients(
    { plan, round: round.id, base, coins },
    { signal, onProgress: (progress) => emit({ event: "training", round: round.id, ...progress }) },
  );
  const layout = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
  const norms = new NormAccumulator(layout);
  norms.add(integers);
  const figures = { sampleCount, seconds, loss, norm: norms.norms().delta, clipped: clipped > 0 };
  return { trained: integerBytes(integers), histogram: noScores(), ...figures };
}

async function coinsOf(
  { secrets, randomSecret }: Pick<TrainPorts, "secrets" | "randomSecret">,
  round: RoundId,
): Promise<Uint8Array> {
  const name = `coins/${round}`;
  const known = await secrets.read(name);
  if (known?.byteLength === secretBytes) return known;
  const secret = randomSecret();
  await secrets.write(name, secret);
  return secret;
}

const noScores = (): ScoreHistogram => ({
  negatives: new Int32Array(histogramBins),
  positives: new Int32Array(histogramBins),
});

/** Nothing but zeros where the scores are not to be in the sum, or scoring failed. */
async function scoresOf(
  { learner, log }: { learner: Learner; log: Log },
  {
    round,
    context: { plan },
    base: model,
    isScored,
  }: { round: RoundState; context: RoundContext; base: Uint8Array; isScored: boolean },
  signal: AbortSignal,
): Promise<ScoreHistogram> {
  if (!isScored) return noScores();
  try {
    const predictions = await learner.predict({ plan, model, split: "validation" }, { signal });
    return scoreCounts(predictions, plan.privacy?.largest ?? 0);
  } catch (error) {
    if (!isFedError(error) || error.code === "ABORTED") throw error;
    log.warn("scoring-failed", { round: round.id, code: error.code, ...error.facts });
    return noScores();
  }
}

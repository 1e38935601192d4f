// A hospital's input to a private sum before it is masked: trained weights, and how the base model scores its validation
// patients. It lies in a secret file until the round it was summed in is over: nobody but this hospital may read it.
import { z } from "zod";
import { FedError, isFedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { canonicalBytes } from "../protocol/format/canonical.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { countField } from "../protocol/format/fields.ts";
import { blobDigest } from "../protocol/format/merkle.ts";
import { sumPlanOfRound } from "../protocol/judge/collect-private.ts";
import { type RoundContext, trainingSeed } from "../protocol/judge/round-context.ts";
import type { BlobStore, Journal, Learner, Log, SecretFiles } from "../protocol/ports.ts";
import { clippedDelta } from "../protocol/private/contribution.ts";
import { maskedBytes } from "../protocol/private/masked.ts";
import type { ScoreHistogram } from "../protocol/private/sum-layout.ts";
import { histogramBins, scoreCounts } from "../protocol/private/sum-plan.ts";
import type { Emit } from "./events.ts";
import { notePrepared } from "./notes.ts";

export interface PrivateInput {
  /** Safetensors of the weights after training. */
  readonly weights: Uint8Array;
  /** Of the base model. */
  readonly histogram: ScoreHistogram;
}

/** Name of the secret file. */
export const inputName = (trainedIn: RoundId) => `input/${trainedIn}`;

const countsSchema = z.array(countField).length(histogramBins);
const scoresSchema = z.object({ negatives: countsSchema, positives: countsSchema }).strict();

/** 4 bytes with the length of the scores, the scores as canonical JSON, the weights. */
function encodeInput({ weights, histogram }: PrivateInput): Uint8Array {
  const { negatives, positives } = histogram;
  const scores = canonicalBytes({ negatives: [...negatives], positives: [...positives] });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(scores.byteLength);
  return Buffer.concat([length, scores, weights]);
}

/** @throws JOURNAL_MALFORMED where the file is gone or damaged */
export async function readInput(
  secrets: Pick<SecretFiles, "read">,
  { trainedIn, update }: { readonly trainedIn: RoundId; readonly update: Digest },
): Promise<PrivateInput> {
  const key = inputName(trainedIn);
  const bytes = await secrets.read(key);
  if (bytes === undefined || blobDigest(bytes) !== update) throw new FedError("JOURNAL_MALFORMED", { key });
  const end = 4 + Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE();
  const counts = scoresSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(4, end))));
  const histogram = { negatives: Int32Array.from(counts.negatives), positives: Int32Array.from(counts.positives) };
  return { weights: bytes.slice(end), histogram };
}

/**
 * Trains in a round, scores the base model, and records both for the commitment. After a kill at any instant, it starts again
 * from the same base and seed, and makes the same bytes.
 * @param input.isScored whether the hospital lets its scores of the base model go into the sum
 * @throws ABORTED, and the codes of the learner
 */
export async function trainPrivately(
  ports: { learner: Learner; blobs: BlobStore; journal: Journal; secrets: SecretFiles; log: Log },
  input: {
    round: RoundState;
    context: RoundContext;
    self: HospitalAddress;
    maxModelBytes: number;
    isScored: boolean;
  },
  { signal, emit }: { signal: AbortSignal; emit: Emit },
): Promise<void> {
  const { learner, blobs, journal, secrets } = ports;
  const { round, self, maxModelBytes, context } = input;
  const { plan } = context;
  const shard = await learner.shard();
  const base = await blobs.get(round.base, { maxBytes: maxModelBytes });
  const outcome = await learner.train(
    { plan, round: round.id, base, seed: trainingSeed(plan, round.id, self) },
    { signal, onProgress: (progress) => emit({ event: "training", round: round.id, ...progress }) },
  );
  const histogram = await scoresOf(ports, { ...input, base }, signal);
  signal.throwIfAborted();
  const sampleCount = Math.min(outcome.sampleCount, plan.sampleCap);
  const bytes = encodeInput({ weights: outcome.weights, histogram });
  await secrets.write(inputName(round.id), bytes);
  await notePrepared(journal, {
    trainedIn: round.id,
    plan: round.plan,
    base: round.base,
    update: blobDigest(bytes),
    updateBytes: bytes.byteLength,
    sampleCount,
    shard: shard.root,
    quarantine: shard.quarantine,
  });
  await learner.forget?.();
  const { finalLoss: loss, seconds } = outcome;
  const { norm, clipped } = clippedDelta({ base, local: outcome.weights, plan });
  const { ring, coordinates } = await sumPlanOfRound(ports, { round, context });
  const updateBytes = maskedBytes(ring, coordinates);
  emit({ event: "trained", round: round.id, seconds, loss, sampleCount, norm, clipped, updateBytes });
}

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
  const none = { negatives: new Int32Array(histogramBins), positives: new Int32Array(histogramBins) };
  if (!isScored) return none;
  try {
    const predictions = await learner.predict({ plan, model, split: "validation" }, { signal });
    return scoreCounts(predictions, plan.privacy?.largest ?? 0);
  } catch (error) {
    if (!isFedError(error) || error.code === "ABORTED") throw error;
    log.warn("scoring-failed", { round: round.id, code: error.code, ...error.facts });
    return none;
  }
}

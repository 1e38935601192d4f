// From the base model to an update that is ready to be committed to: train, subtract, clip, round, store, note.

import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { type RoundContext, trainingSeed } from "../protocol/judge/round-context.ts";
import type { BlobStore, Journal, Learner } from "../protocol/ports.ts";
import { makeUpdate } from "../protocol/update/make-update.ts";
import type { Tell } from "./events.ts";
import { notePrepared, readResidual } from "./notes.ts";

/**
 * Trains in a round and leaves a prepared update in the notes. Killed at any instant, it starts again from the same
 * base with the same seed and residual, and comes to the same bytes.
 * @throws FedError what the learner or makeUpdate refuses; ABORTED
 */
export async function trainUpdate(
  ports: { learner: Learner; blobs: BlobStore; journal: Journal },
  input: { round: RoundState; context: RoundContext; self: HospitalAddress; maxModelBytes: number },
  { signal, tell }: { signal: AbortSignal; tell: Tell },
): Promise<void> {
  const { learner, blobs, journal } = ports;
  const { round, self, maxModelBytes } = input;
  const { plan } = input.context;
  const shard = await learner.shard();
  const base = await blobs.get(round.base, { maxBytes: maxModelBytes });
  const residual = await readResidual(journal);
  const outcome = await learner.train(
    { plan, round: round.id, base, seed: trainingSeed(plan, round.id, self), residual },
    { signal, onProgress: (progress) => tell({ event: "training", round: round.id, ...progress }) },
  );
  const { weights: local, unitMove } = outcome;
  const made = makeUpdate({ base, local, residual, unitMove, plan, round: round.id, hospital: self });
  signal.throwIfAborted();
  // A hospital with more scans than the cap counts as the cap: its influence is bounded, its scans all count for it.
  const sampleCount = Math.min(outcome.sampleCount, plan.sampleCap);
  const update = await blobs.put(made.update);
  const { finalLoss, seconds } = outcome;
  await notePrepared(
    journal,
    {
      trainedIn: round.id,
      plan: round.plan,
      base: round.base,
      update,
      updateBytes: made.update.byteLength,
      sampleCount,
      shard: shard.root,
      quarantine: shard.quarantine,
      finalLoss,
      seconds,
    },
    made.residual,
  );
  await learner.forget?.();
  const { norm, clipped } = made;
  const updateBytes = made.update.byteLength;
  tell({ event: "trained", round: round.id, seconds, loss: finalLoss, sampleCount, norm, clipped, updateBytes });
}

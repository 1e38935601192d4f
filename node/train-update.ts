// From the base model to an update that can be committed: train, subtract, clip, quantise, store, record in the journal.

import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { BlobOutline } from "../protocol/format/merkle.ts";
import { type RoundContext, trainingSeed } from "../protocol/judge/round-context.ts";
import type { Learner } from "../protocol/learner.ts";
import type { BlobStore, Journal } from "../protocol/ports.ts";
import { type MadeUpdate, makeUpdate, type UpdateInput } from "../protocol/update/make-update.ts";
import type { Emit } from "./events.ts";
import { notePrepared, readResidual } from "./notes.ts";

export interface OutlinedUpdate extends MadeUpdate {
  /** Of the update's bytes, where it was made beside this thread. */
  readonly outline?: BlobOutline;
}

export interface TrainPorts {
  readonly learner: Learner;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  /** Default: in this thread. What it is given is not used again. */
  readonly makeUpdate?: (input: UpdateInput) => OutlinedUpdate | Promise<OutlinedUpdate>;
}

/**
 * Trains in a round and records the prepared update. After a kill at any instant, it starts again from the same base,
 * seed and residual, and makes the same bytes.
 * @throws ABORTED, and the codes of the learner and of makeUpdate
 */
export async function trainUpdate(
  ports: TrainPorts,
  input: { round: RoundState; context: RoundContext; self: HospitalAddress; maxModelBytes: number },
  { signal, emit }: { signal: AbortSignal; emit: Emit },
): Promise<void> {
  const { learner, blobs, journal } = ports;
  const { round, self, maxModelBytes } = input;
  const { plan } = input.context;
  const shard = await learner.shard();
  const base = await blobs.get(round.base, { maxBytes: maxModelBytes });
  const residual = await readResidual(journal);
  const outcome = await learner.train(
    { plan, round: round.id, base, seed: trainingSeed(plan, round.id, self), residual },
    { signal, onProgress: (progress) => emit({ event: "training", round: round.id, ...progress }) },
  );
  const { weights: local, unitMove } = outcome;
  const make = ports.makeUpdate ?? makeUpdate;
  const made: OutlinedUpdate = await make({ base, local, residual, unitMove, plan, round: round.id, hospital: self });
  signal.throwIfAborted();
  // The cap bounds the hospital's weight in the average; it still trains on all its scans.
  const sampleCount = Math.min(outcome.sampleCount, plan.sampleCap);
  const update = await blobs.put(made.update, made.outline);
  const { finalLoss, seconds } = outcome;
  const figures = { finalLoss, seconds };
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
      ...Object.fromEntries((plan.reports ?? []).map((name) => [name, figures[name]])),
    },
    made.residual,
  );
  await learner.forget?.();
  const { norm, clipped } = made;
  const updateBytes = made.update.byteLength;
  emit({ event: "trained", round: round.id, seconds, loss: finalLoss, sampleCount, norm, clipped, updateBytes });
}

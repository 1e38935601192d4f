// For an inspector at a hospital: repeats the training of past rounds from base, plan and shard, and shows that the
// updates are the committed ones. The rounding remainder of each update went into the next one, so earlier rounds are
// repeated too.

import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";
import { decodeManifest, type Manifest, maxManifestBytes } from "../format/manifest.ts";
import { blobDigest, isNameOf } from "../format/merkle.ts";
import { decodePlan, maxPlanBytes, type Plan } from "../format/plan.ts";
import { trainingSeed } from "../judge/round-context.ts";
import type { Learner, TrainProgress } from "../learner.ts";
import type { BlobStore, Ledger } from "../ports.ts";
import { makeUpdate } from "../update/make-update.ts";

export interface ReproducePorts {
  readonly ledger: Pick<Ledger, "round" | "latestRound">;
  readonly blobs: Pick<BlobStore, "get">;
  readonly learner: Pick<Learner, "shard" | "train">;
}

/** One update that was made again. */
export interface Reproduction {
  /** The round in which it was first committed. */
  readonly round: RoundId;
  readonly trainedIn: RoundId;
  /** The committed digest. */
  readonly expected: Digest;
  /** The digest that the repeated training gives. */
  readonly found: Digest;
  /** Whether this shard, this list of quarantined studies and this number of scans are those of the manifest. */
  readonly sameShard: boolean;
  readonly same: boolean;
  readonly seconds: number;
}

interface Committed {
  readonly round: RoundState;
  readonly manifest: Manifest;
}

/**
 * Reproduces the hospital's update of a round, after those before it on which it depends.
 * @param keys chain keys that the hospital has had, the first to the present one
 * @throws FedError UPDATE_NOT_COMMITTED, UPDATE_MASKED (a round with private sums), BLOB_UNKNOWN, what the learner and makeUpdate refuse, ABORTED
 */
export async function* reproduceUpdate(
  { ledger, blobs, learner }: ReproducePorts,
  { keys, round: target }: { readonly keys: readonly HospitalAddress[]; readonly round: RoundId },
  {
    maxModelBytes,
    signal,
    onProgress,
  }: {
    readonly maxModelBytes: number;
    readonly onProgress?: (progress: TrainProgress & { readonly trainedIn: RoundId }) => void;
  } & Waiting,
): AsyncGenerator<Reproduction, Reproduction> {
  const waiting = { signal };
  const committed = await readCommitted({ ledger, blobs }, keys, target, waiting);
  const last = committed.at(-1);
  if (last?.round.id !== target) {
    throw new FedError(
      "UPDATE_NOT_COMMITTED",
      { round: target, hospital: keys.at(-1) },
      { remedy: "give a round that this hospital committed in" },
    );
  }
  const shard = await learner.shard();
  const done = new Map<Digest, Awaited<ReturnType<typeof trainAgain>>>();
  /** Of the newest update that went into a model. */
  let residual: Uint8Array | undefined;
  let result: Reproduction | undefined;
  for (const { round, manifest } of committed) {
    const plan = decodePlan(await blobs.get(manifest.plan, { maxBytes: maxPlanBytes }));
    let made = done.get(manifest.update);
    if (!made) {
      const { trainedIn } = manifest;
      const tell = (progress: TrainProgress) => onProgress?.({ trainedIn, ...progress });
      made = await trainAgain({ blobs, learner }, { manifest, plan, residual, maxModelBytes }, { ...waiting, tell });
      // A late update stays the same one in every round that it is committed in.
      done.clear();
      done.set(manifest.update, made);
    }
    const sampleCount = Math.min(made.sampleCount, plan.sampleCap);
    const sameShard =
      shard.root === manifest.shard && shard.quarantine === manifest.quarantine && sampleCount === manifest.sampleCount;
    const { trainedIn, update: expected } = manifest;
    const isSame = isNameOf(expected, made.update);
    const found = isSame ? expected : blobDigest(made.update);
    const same = isSame && sameShard;
    const { seconds } = made;
    result = { round: round.id, trainedIn, expected, found, sameShard, same, seconds };
    yield result;
    if (wentInto(round, keys)) residual = made.residual;
  }
  return result as Reproduction;
}

/** The chain keys that a member has had before this one, and this one. */
export async function keysOf(
  ledger: Pick<Ledger, "history">,
  present: HospitalAddress,
  waiting: Waiting = {},
): Promise<readonly HospitalAddress[]> {
  const before = new Map<HospitalAddress, HospitalAddress>();
  for await (const event of ledger.history(waiting)) {
    if (event.kind === "member-rotated") before.set(event.to, event.from);
  }
  const keys = [present];
  for (let key = before.get(present); key !== undefined; key = before.get(key)) keys.unshift(key);
  return keys;
}

/** The hospital's commitments up to a round, with what they say, in the order of the rounds. */
async function readCommitted(
  { ledger, blobs }: Pick<ReproducePorts, "ledger" | "blobs">,
  keys: readonly HospitalAddress[],
  target: RoundId,
  waiting: Waiting,
): Promise<readonly Committed[]> {
  const latest = await ledger.latestRound(waiting);
  const committed: Committed[] = [];
  for (let id = 1; id <= Math.min(latest, target); id++) {
    const round = await ledger.round(id as RoundId, waiting);
    const own = round.commitments.find(({ member }) => keys.includes(member));
    if (!own) continue;
    const plan = decodePlan(await blobs.get(round.plan, { maxBytes: maxPlanBytes }));
    // What hid the update was erased when the round was over.
    if (plan.privacy) throw new FedError("UPDATE_MASKED", { round: id, hospital: own.member });
    committed.push({ round, manifest: decodeManifest(await blobs.get(own.manifest, { maxBytes: maxManifestBytes })) });
  }
  return committed;
}

async function trainAgain(
  { blobs, learner }: Pick<ReproducePorts, "blobs" | "learner">,
  input: { manifest: Manifest; plan: Plan; residual: Uint8Array | undefined; maxModelBytes: number },
  { tell, ...waiting }: { tell: (progress: TrainProgress) => void } & Waiting,
) {
  const { manifest, plan, residual, maxModelBytes } = input;
  const { trainedIn: round, hospital } = manifest;
  const base = await blobs.get(manifest.base, { maxBytes: maxModelBytes });
  const seed = trainingSeed(plan, round, hospital);
  const outcome = await learner.train({ plan, round, base, seed, residual }, { ...waiting, onProgress: tell });
  const { weights: local, unitMove } = outcome;
  const made = makeUpdate({ base, local, residual, unitMove, plan, round, hospital });
  const { sampleCount, seconds } = outcome;
  return { update: made.update, residual: made.residual, sampleCount, seconds };
}

function wentInto({ proposals }: RoundState, keys: readonly HospitalAddress[]): boolean {
  return proposals.some(({ status, included }) => status === "accepted" && included.some((key) => keys.includes(key)));
}

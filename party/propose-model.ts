// Proposes a round's model: the average of all valid committed updates, never of a selection, or the model of the opened sum.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../protocol/format/digest.ts";
import type { Averaged } from "../protocol/judge/averaged.ts";
import type { Collected } from "../protocol/judge/collect.ts";
import { mustInclude, validUpdates } from "../protocol/judge/included.ts";
import { recomputeSum, sealedUpdates } from "../protocol/judge/private-model.ts";
import { recomputeModel } from "../protocol/judge/recompute.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type { BlobStore, Gossip, Ledger } from "../protocol/ports.ts";

interface Derivation {
  readonly round: RoundState;
  readonly context: RoundContext;
  readonly collected: ReadonlyMap<HospitalAddress, Collected>;
  /** The key of the sealed set; only with private sums. */
  readonly key: Digest | undefined;
}

interface ProposePorts {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly gossip: Gossip;
  readonly work?: SharedWork;
}

/**
 * Derives the model, proposes it on chain, then announces it.
 * @throws LEDGER_READ_ONLY, the strategy's codes, ROUND_SPOILT and others of recomputeSum, or the contract's own code
 */
export async function proposeModel(
  ports: ProposePorts,
  derivation: Derivation,
  waiting: Waiting,
): Promise<{ readonly model: Digest; readonly included: number }> {
  const { ledger, blobs, gossip } = ports;
  const { self } = ledger;
  if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const { round } = derivation;
  const { included, averaged } = await derive(ports, derivation);
  const { model, bytes, outline } = averaged;
  await blobs.put(bytes, outline);
  await ledger.proposeModel({ round: round.id, model, included }, waiting);
  await gossip.publish({
    version: 1,
    ...ledger.federation,
    kind: "proposal",
    round: round.id,
    hospital: self,
    digest: model,
    bytes: bytes.byteLength,
  });
  return { model, included: included.length };
}

async function derive(
  ports: ProposePorts,
  { round, context, collected, key }: Derivation,
): Promise<{ readonly included: readonly HospitalAddress[]; readonly averaged: Averaged }> {
  const { plan } = context;
  if (plan.privacy) {
    if (!round.seal || key === undefined) throw new FedError("UPDATE_NOT_COLLECTED", { round: round.id });
    const updates = sealedUpdates(round, collected);
    return { included: round.seal.included, averaged: await recomputeSum(ports, { round, context, updates, key }) };
  }
  const updates = validUpdates(collected.values());
  const included = mustInclude(round, updates);
  return { included, averaged: await recomputeModel(ports, { round, plan, included, updates }) };
}

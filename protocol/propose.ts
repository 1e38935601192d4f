// Proposes a round's model: the average of every committed update that is valid, never of a choice among them.
import type { Collected, ValidUpdate } from "./collect.ts";
import type { Digest } from "./digest.ts";
import { FedError } from "./errors.ts";
import type { SharedWork } from "./once.ts";
import type { Plan } from "./plan.ts";
import type { BlobStore, Gossip, Ledger, Waiting } from "./ports.ts";
import { mustInclude, recomputeModel } from "./recompute.ts";
import type { RoundState } from "./round.ts";
import { requiredUpdates } from "./strategy/registry.ts";

export function validUpdates(collected: Iterable<Collected>): readonly ValidUpdate[] {
  return [...collected].filter((each): each is ValidUpdate => each.status === "valid");
}

/** Fewer updates than this make no model under the plan. */
export function leastUpdates(plan: Plan): number {
  return Math.max(plan.minUpdates, requiredUpdates(plan.strategy));
}

/**
 * Aggregates, proposes on chain, then announces.
 * @throws FedError what the contract refuses, or the strategy requires
 */
export async function proposeModel(
  ports: { ledger: Ledger; blobs: BlobStore; gossip: Gossip; work?: SharedWork },
  { round, plan, collected }: { round: RoundState; plan: Plan; collected: Iterable<Collected> },
  waiting: Waiting,
): Promise<{ readonly model: Digest; readonly included: number }> {
  const { ledger, blobs, gossip } = ports;
  const { self } = ledger;
  if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const updates = validUpdates(collected);
  const included = mustInclude(round, updates);
  const { model, bytes } = await recomputeModel(ports, { round, plan, included, updates });
  await blobs.put(bytes);
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

// Proposes a round's model: the average of all valid committed updates, never of a selection.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { Digest } from "../protocol/format/digest.ts";
import type { Plan } from "../protocol/format/plan.ts";
import type { Collected } from "../protocol/judge/collect.ts";
import { mustInclude, validUpdates } from "../protocol/judge/included.ts";
import { recomputeModel } from "../protocol/judge/recompute.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type { BlobStore, Gossip, Ledger } from "../protocol/ports.ts";

/**
 * Aggregates, proposes on chain, then announces.
 * @throws LEDGER_READ_ONLY, the strategy's codes, or the contract's own code
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

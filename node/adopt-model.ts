// Adopts a final model: fetches it if this hospital has not computed it, and records it as the base of the next training.

import { FedError } from "../foundation/errors.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { BlobExchange, Journal } from "../protocol/ports.ts";
import type { Emit } from "./events.ts";
import { type Adopted, type Notes, noteAdopted, type PreparedUpdate, wasReplaced, wentInto } from "./notes.ts";

/**
 * @throws ROUND_NOT_FINAL, BLOB_UNAVAILABLE, BLOB_TOO_LARGE, ABORTED
 */
export async function adoptModel(
  { exchange, journal }: { exchange: BlobExchange; journal: Journal },
  input: {
    round: RoundState;
    lineage: Lineage;
    notes: Notes;
    self: HospitalAddress;
    maxModelBytes: number;
  },
  { signal, emit }: { signal: AbortSignal; emit: Emit },
): Promise<void> {
  const { round, lineage, notes, self, maxModelBytes } = input;
  const { model } = round;
  if (model === undefined) throw new FedError("ROUND_NOT_FINAL", { round: round.id });
  await exchange.fetch(model, { maxBytes: maxModelBytes, signal });
  const spent = notes.prepared !== undefined && isSpent(notes.prepared, notes.adopted);
  await noteAdopted(journal, { adopted: { round: round.id, model }, spent });
  emit({ event: "adopted", round: round.id, model, ours: wentInto(round, self) });

  /** Rounds that were missed, or that a reorganisation replaced, may have used the prepared update too. */
  function isSpent({ trainedIn }: PreparedUpdate, adopted: Adopted | undefined): boolean {
    const since = wasReplaced(adopted, lineage) ? trainedIn - 1 : (adopted?.round ?? 0);
    return lineage.finals.some((each) => each.id > since && wentInto(each, self));
  }
}

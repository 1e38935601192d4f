// Adopts a final model: fetches it if this hospital has not computed it, and records it as the base of the next training.

import { FedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { BlobExchange, Journal } from "../protocol/ports.ts";
import type { Emit } from "./events.ts";
import { type Notes, noteAdopted, wentInto } from "./notes.ts";

/**
 * @param input.finals all final rounds, oldest first: a round that was missed may have used the prepared update
 * @throws ROUND_NOT_FINAL, BLOB_UNAVAILABLE, BLOB_TOO_LARGE, ABORTED
 */
export async function adoptModel(
  { exchange, journal }: { exchange: BlobExchange; journal: Journal },
  input: {
    round: RoundState;
    finals: readonly RoundState[];
    notes: Notes;
    self: HospitalAddress;
    maxModelBytes: number;
  },
  { signal, emit }: { signal: AbortSignal; emit: Emit },
): Promise<void> {
  const { round, finals, notes, self, maxModelBytes } = input;
  const { model } = round;
  if (model === undefined) throw new FedError("ROUND_NOT_FINAL", { round: round.id });
  await exchange.fetch(model, { maxBytes: maxModelBytes, signal });
  const since = notes.adopted?.round ?? 0;
  const spent = finals.some((each) => each.id > since && wentInto(each, self));
  await noteAdopted(journal, { adopted: { round: round.id, model }, spent });
  emit({ event: "adopted", round: round.id, model, ours: wentInto(round, self) });
}

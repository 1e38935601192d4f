// Takes over a final model as the one to train from and to use: fetched, if this hospital did not compute it itself.

import { FedError } from "../foundation/errors.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { BlobExchange, Journal } from "../protocol/ports.ts";
import type { Tell } from "./events.ts";
import { type Notes, noteAdopted, wentInto } from "./notes.ts";

/**
 * @param finals all final rounds, oldest first: what was missed meanwhile settles the prepared update too
 * @throws FedError BLOB_UNAVAILABLE, BLOB_TOO_LARGE, ABORTED
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
  { signal, tell }: { signal: AbortSignal; tell: Tell },
): Promise<void> {
  const { round, finals, notes, self, maxModelBytes } = input;
  const { model } = round;
  if (model === undefined) throw new FedError("ROUND_NOT_FINAL", { round: round.id });
  await exchange.fetch(model, { maxBytes: maxModelBytes, signal });
  const since = notes.adopted?.round ?? 0;
  const spent = finals.some((each) => each.id > since && wentInto(each, self));
  await noteAdopted(journal, { adopted: { round: round.id, model }, spent });
  tell({ event: "adopted", round: round.id, model, ours: wentInto(round, self) });
}

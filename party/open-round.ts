// Opens a round, once the plan and the base that it names are in the opener's own store: what it cannot serve, nobody
// could train from.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Digest, RoundId } from "../protocol/format/digest.ts";
import type { BlobStore, Ledger } from "../protocol/ports.ts";

/** @throws FedError BLOB_UNKNOWN, or what the contract refuses */
export async function openRound(
  { ledger, blobs }: { ledger: Ledger; blobs: Pick<BlobStore, "has"> },
  opening: { readonly plan: Digest; readonly base: Digest },
  waiting: Waiting,
): Promise<RoundId> {
  for (const digest of [opening.plan, opening.base]) {
    if (!(await blobs.has(digest))) throw new FedError("BLOB_UNKNOWN", { digest });
  }
  return ledger.openRound(opening, waiting);
}

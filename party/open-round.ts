// Opens a round. Its plan and base must be in the opener's own store: otherwise nobody could fetch them from it.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Digest, RoundId } from "../protocol/format/digest.ts";
import type { BlobStore, Ledger } from "../protocol/ports.ts";

/** @throws BLOB_UNKNOWN, or the contract's own code */
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

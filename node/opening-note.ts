// What a holder has decided to open in a round. It is on disk before the opening is signed, and never changes: two openings
// of one round would open the difference of two sums.
import { FedError } from "../foundation/errors.ts";
import { type Digest, parseDigest, type RoundId } from "../protocol/format/digest.ts";
import type { Journal } from "../protocol/ports.ts";

const keyOf = (round: RoundId) => `opening/${round}`;

/** The set that this holder opens or has opened; undefined before. */
export async function readOpening(journal: Journal, round: RoundId): Promise<Digest | undefined> {
  const bytes = await journal.get(keyOf(round));
  return bytes && parseDigest(new TextDecoder().decode(bytes));
}

/**
 * Decides to open this set, or finds that it was decided before.
 * @param included as includedDigest names the set
 * @throws OPENING_DECIDED where another set was decided: the chain has been reorganised since, or shows two faces
 */
export async function decideOpening(journal: Journal, round: RoundId, included: Digest): Promise<void> {
  const decided = await readOpening(journal, round);
  if (decided === included) return;
  if (decided !== undefined) throw new FedError("OPENING_DECIDED", { round, decided, included });
  await journal.write({ [keyOf(round)]: new TextEncoder().encode(included) });
}

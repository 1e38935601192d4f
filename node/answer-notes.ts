// Whose shares a dealer has shown to everyone in a round. It is on disk before an answer leaves, so that a restarted process
// does not show the shares of more holders than may be dishonest.
import { z } from "zod";
import { canonicalBytes } from "../protocol/format/canonical.ts";
import type { HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { addressField } from "../protocol/format/fields.ts";
import type { Journal } from "../protocol/ports.ts";

const holdersSchema = z.array(addressField);
const keyOf = (round: RoundId) => `answers/${round}`;

/** Notes that a holder is answered. @returns false where as many others have been answered already */
export async function noteAnswer(
  journal: Journal,
  round: RoundId,
  { holder, most }: { readonly holder: HospitalAddress; readonly most: number },
): Promise<boolean> {
  const bytes = await journal.get(keyOf(round));
  const answered = bytes ? holdersSchema.parse(JSON.parse(new TextDecoder().decode(bytes))) : [];
  if (answered.includes(holder)) return true;
  if (answered.length >= most) return false;
  await journal.write({ [keyOf(round)]: canonicalBytes([...answered, holder]) });
  return true;
}

// A hospital's key for the boxes of one round. It is on disk before it is published, and erased when the round is over.
import type { RoundId } from "../protocol/format/digest.ts";
import type { SecretFiles } from "../protocol/ports.ts";
import { type Prekey, prekeyFrom } from "../protocol/private/box.ts";

const nameOf = (round: RoundId) => `prekey/${round}`;

/** The round's prekey, made and synced where there is none yet. */
export async function prekeyFor(
  { secrets, randomSecret }: { readonly secrets: SecretFiles; readonly randomSecret: () => Uint8Array },
  round: RoundId,
): Promise<Prekey> {
  const known = await readPrekey({ secrets }, round);
  if (known) return known;
  const secretKey = randomSecret();
  await secrets.write(nameOf(round), secretKey);
  return prekeyFrom(secretKey);
}

/** The round's prekey; undefined where none was made, or it has been erased. */
export async function readPrekey(
  { secrets }: { readonly secrets: SecretFiles },
  round: RoundId,
): Promise<Prekey | undefined> {
  const secretKey = await secrets.read(nameOf(round));
  return secretKey && prekeyFrom(secretKey);
}

// The one secret of a hospital in a private round. Its mask hides one input: a second input under the same secret would show
// the difference of both, and an input that was in a sealed sum must never be in another.
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { canonicalBytes } from "../protocol/format/canonical.ts";
import type { Digest, RoundId } from "../protocol/format/digest.ts";
import { digestField } from "../protocol/format/fields.ts";
import type { Journal, SecretFiles } from "../protocol/ports.ts";
import { readNotes, withoutPrepared } from "./notes.ts";

const noteSchema = z
  .object({
    /** 32 bytes, hex. */
    secret: z.string().regex(/^[0-9a-f]{64}$/),
    /** Digest of the one input that may be masked with it. */
    input: digestField,
  })
  .strict();

/** A round's secret, on disk together with the digest of the input that it may mask. */
export interface MaskSecret {
  readonly secret: Uint8Array;
  readonly input: Digest;
}

const nameOf = (round: RoundId) => `mask/${round}`;
const sealedKey = (input: Digest) => `sealed/${input}`;

export interface SecretPorts {
  readonly secrets: SecretFiles;
  readonly journal: Journal;
  /** 32 bytes of the operating system's generator. */
  readonly randomSecret: () => Uint8Array;
}

/** @throws JOURNAL_MALFORMED */
export async function readMaskSecret(
  { secrets }: Pick<SecretPorts, "secrets">,
  round: RoundId,
): Promise<MaskSecret | undefined> {
  const bytes = await secrets.read(nameOf(round));
  if (bytes === undefined) return undefined;
  try {
    const { secret, input } = noteSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { secret: Buffer.from(secret, "hex"), input: input as Digest };
  } catch (cause) {
    throw new FedError("JOURNAL_MALFORMED", { key: nameOf(round) }, { cause });
  }
}

/**
 * The secret for an input: the one on disk where it is of this very input, else a new one, which is on disk when this returns.
 * Nothing may leave before.
 * @throws MASK_SECRET_TAKEN where the round's secret is of another input, INPUT_SEALED where the input was in a sealed sum
 */
export async function secretFor(ports: SecretPorts, round: RoundId, input: Digest): Promise<Uint8Array> {
  if ((await ports.journal.get(sealedKey(input))) !== undefined) throw new FedError("INPUT_SEALED", { round });
  const known = await readMaskSecret(ports, round);
  if (known?.input === input) return known.secret;
  if (known) throw new FedError("MASK_SECRET_TAKEN", { round });
  const secret = ports.randomSecret();
  const note = { secret: Buffer.from(secret).toString("hex"), input };
  await ports.secrets.write(nameOf(round), canonicalBytes(note));
  return secret;
}

/**
 * Notes that the round's input is in a sealed sum, whatever becomes of the round: it is never masked again, and the hospital
 * trains anew. Both are one write.
 */
export async function noteSealed(ports: Pick<SecretPorts, "secrets" | "journal">, round: RoundId): Promise<void> {
  const known = await readMaskSecret(ports, round);
  if (!known) return;
  const { prepared } = await readNotes(ports.journal);
  const spent = prepared?.update === known.input ? withoutPrepared : {};
  await ports.journal.write({ ...spent, [sealedKey(known.input)]: new Uint8Array(1) });
}

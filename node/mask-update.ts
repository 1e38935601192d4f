// From a prepared input to what can be committed in a round with private sums: make the objects, store them, sign. The
// secret is on disk with the digest of its input before any object exists, and the same secret makes the same objects again.
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { signPrivateManifest } from "../protocol/format/private-manifest.ts";
import { privateContextOf, sumPlanOfRound } from "../protocol/judge/collect-private.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { BlobStore, Signatures } from "../protocol/ports.ts";
import { type SecretPorts, secretFor } from "./mask-secret.ts";
import { type MaskedObjects, type MaskingInput, makeMaskedObjects } from "./masked-objects.ts";
import type { PreparedUpdate } from "./notes.ts";
import { readInput } from "./private-input.ts";

export interface MaskPorts extends SecretPorts {
  readonly blobs: BlobStore;
  readonly signatures: Signatures;
  /** Default: in this thread. What it is given is not used again. */
  readonly makeMasked?: (input: MaskingInput) => Promise<MaskedObjects>;
}

export interface Masking {
  readonly round: RoundState;
  readonly context: RoundContext;
  readonly hospital: HospitalAddress;
  readonly prepared: PreparedUpdate;
  /** Of the round's hospitals that have published one. */
  readonly prekeys: ReadonlyMap<HospitalAddress, Uint8Array>;
  readonly maxModelBytes: number;
  readonly software: string;
}

/**
 * Masks and deals, and stores the objects.
 * @returns the signed manifest
 * @throws INPUT_SEALED, MASK_SECRET_TAKEN, JOURNAL_MALFORMED, and the codes of makeContribution
 */
export async function maskUpdate(
  ports: MaskPorts,
  { round, context, hospital, prepared, prekeys, maxModelBytes, software }: Masking,
): Promise<Uint8Array> {
  const { blobs, secrets, signatures } = ports;
  const { plan, federation } = context;
  const sums = await sumPlanOfRound(ports, { round, context });
  const { trained, histogram } = await readInput(secrets, prepared);
  const base = await blobs.get(round.base, { maxBytes: maxModelBytes });
  const secret = await secretFor(ports, round.id, prepared.update);
  const { sampleCount } = prepared;
  const named = privateContextOf(context, round);
  const holders = round.members.map((address) => ({ address, prekey: prekeys.get(address) }));
  const make = ports.makeMasked ?? makeMaskedObjects;
  const weighing = { plan, sums, base, trained, histogram, sampleCount };
  const { masked, maskedOutline, deal, boxes } = await make({ ...weighing, secret, context: named, hospital, holders });
  for (const box of boxes) if (box) await blobs.put(box);
  const { trainedIn, shard, quarantine } = prepared;
  return signPrivateManifest(
    {
      ...{ version: 2, ...federation, round: round.id, trainedIn, hospital, plan: round.plan, base: round.base },
      masked: await blobs.put(masked, maskedOutline),
      deal: await blobs.put(deal),
      ...{ sampleCount, shard, quarantine, software },
    },
    signatures,
  );
}

// From a prepared input to what can be committed in a round with private sums: weigh, round, add noise, mask, deal, store, sign. The
// secret is on disk with the digest of its input before any object exists, and the same secret makes the same objects again.
import type { RoundState } from "../protocol/contract/round.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { signPrivateManifest } from "../protocol/format/private-manifest.ts";
import { privateContextOf, sumPlanOfRound } from "../protocol/judge/collect-private.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { BlobStore, Signatures } from "../protocol/ports.ts";
import { makeContribution } from "../protocol/private/contribution.ts";
import { makeDeal } from "../protocol/private/deal.ts";
import { maskInput } from "../protocol/private/mask.ts";
import { addNoise } from "../protocol/private/noise.ts";
import { layOutInput } from "../protocol/private/sum-layout.ts";
import { type SecretPorts, secretFor } from "./mask-secret.ts";
import type { PreparedUpdate } from "./notes.ts";
import { integersOf, readInput } from "./private-input.ts";

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
  ports: SecretPorts & { readonly blobs: BlobStore; readonly signatures: Signatures },
  { round, context, hospital, prepared, prekeys, maxModelBytes, software }: Masking,
): Promise<Uint8Array> {
  const { blobs, secrets, signatures } = ports;
  const { plan, federation } = context;
  const { ring, layout, unitWeight, largest, noise } = await sumPlanOfRound(ports, { round, context });
  const { trained, histogram } = await readInput(secrets, prepared);
  const base = await blobs.get(round.base, { maxBytes: maxModelBytes });
  const secret = await secretFor(ports, round.id, prepared.update);
  const { sampleCount } = prepared;
  const named = privateContextOf(context, round);
  const weighing = { plan, sampleCount, unitWeight, largest, secret, context: named };
  const integers = noise ? integersOf(trained) : makeContribution({ base, local: trained, ...weighing }).integers;
  const input = layOutInput(layout, { integers, histogram: layout.bins > 0 ? histogram : undefined }, largest);
  if (noise) addNoise(input, { variance: noise.variance, secret, context: named });
  const holders = round.members.map((address) => ({ address, prekey: prekeys.get(address) }));
  const { deal, boxes } = await makeDeal({ ring, secret, context: named }, { hospital, holders });
  for (const box of boxes) if (box) await blobs.put(box);
  const { trainedIn, shard, quarantine } = prepared;
  return signPrivateManifest(
    {
      ...{ version: 2, ...federation, round: round.id, trainedIn, hospital, plan: round.plan, base: round.base },
      masked: await blobs.put(maskInput(input, { ring, secret, context: named })),
      deal: await blobs.put(deal),
      ...{ sampleCount, shard, quarantine, software },
    },
    signatures,
  );
}

// A private round in memory: hospitals that mask and deal, holders that check and open, as the parties will.
import { seededIntegers } from "../../../foundation/random.ts";
import { parseAddress, parseRoundId } from "../../../protocol/format/digest.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { openBox, type Prekey, prekeyFrom } from "../../../protocol/private/box.ts";
import type { PrivateContext } from "../../../protocol/private/context.ts";
import { checkDeal, decodeDeal, makeDeal } from "../../../protocol/private/deal.ts";
import type { Point } from "../../../protocol/private/group.ts";
import { maskInput } from "../../../protocol/private/mask.ts";
import { checkOpening, decodeSumOpening, includedDigest, makeOpening } from "../../../protocol/private/opening.ts";
import { type Ring, rings } from "../../../protocol/private/ring.ts";
import { type Share, sumShares } from "../../../protocol/private/share.ts";
import { type HeldShare, recoverShared, sumCommitments } from "../../../protocol/private/sharing.ts";
import { encodeSumKey } from "../../../protocol/private/sum-key.ts";
import { openingThreshold } from "../../../protocol/private/threshold.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { fakeSignatures, secretOf } from "../../fakes/party-ports.ts";

export const context: PrivateContext = {
  chainId: 31337,
  contract: parseAddress(`0x${"c0".repeat(20)}`),
  round: parseRoundId(3),
};

export const hospitalAt = (index: number) => parseAddress(`0x${(index + 1).toString(16).padStart(40, "0")}`);

/** Integers of [-bound, bound], the same for the same name. */
export function inputOf(name: string, length: number, bound: number): Int32Array {
  const next = seededIntegers("input", name);
  return Int32Array.from({ length }, () => (next() % (2 * bound + 1)) - bound);
}

let prekeys: Prekey[] = [];
/** Prekeys are slow to make and the same for all tests. */
async function prekeysFor(count: number): Promise<Prekey[]> {
  while (prekeys.length < count) prekeys = [...prekeys, await prekeyFrom(secretOf(`prekey ${prekeys.length}`))];
  return prekeys.slice(0, count);
}

export interface DealtRound {
  readonly ring: Ring;
  readonly context: PrivateContext;
  readonly inputs: readonly Int32Array[];
  readonly prekeys: readonly Prekey[];
  readonly hospitals: readonly {
    readonly masked: Uint8Array;
    readonly deal: Uint8Array;
    readonly boxes: readonly (Uint8Array | undefined)[];
    readonly commitments: Point[];
  }[];
}

/** A round in which every hospital has masked and dealt. */
export async function dealtRound({
  count,
  coordinates = 300,
  bound = 1000,
  ring = rings.L16,
  within = context,
  name = "",
  inputs: given,
}: {
  readonly count: number;
  readonly coordinates?: number;
  readonly bound?: number;
  readonly ring?: Ring;
  readonly within?: PrivateContext;
  readonly name?: string;
  /** Of the hospitals, in place of inputs within the bound. */
  readonly inputs?: readonly Int32Array[];
}): Promise<DealtRound> {
  const keys = await prekeysFor(count);
  const holders = keys.map(({ publicKey }, index) => ({ address: hospitalAt(index), prekey: publicKey }));
  const inputs = given ?? keys.map((_, index) => inputOf(`${name}${index}`, coordinates, bound));
  const hospitals = [];
  for (const [index, input] of inputs.entries()) {
    const secrets = { ring, secret: secretOf(`${name}secret ${index}`), context: within };
    const hospital = hospitalAt(index);
    const { deal, boxes } = await makeDeal(secrets, { hospital, holders });
    const commitments = checkDeal(decodeDeal(deal), { context: within, hospital, ring, holders: count });
    hospitals.push({ masked: maskInput(input, secrets), deal, boxes, commitments });
  }
  return { ring, context: within, inputs, prekeys: keys, hospitals };
}

/** The share of a dealer's key that a holder finds in its box. */
export function shareOf(round: DealtRound, dealer: number, holder: number): Promise<Share> {
  return openBox(round.hospitals[dealer]!.boxes[holder]!, {
    secretKey: round.prekeys[holder]!.secretKey,
    ring: round.ring,
    context: round.context,
    dealer: hospitalAt(dealer),
    holder: hospitalAt(holder),
  });
}

/** What everyone knows of a sealed set. */
export function sealed(round: DealtRound, included: readonly number[]) {
  const dealers = included.map((index) => round.hospitals[index]!);
  return {
    included: includedDigest(dealers.map(({ deal }) => blobDigest(deal))),
    summed: sumCommitments(dealers.map(({ commitments }) => commitments)),
  };
}

/** A holder's checked opening of a sealed set. */
export async function openingOf(round: DealtRound, included: readonly number[], holder: number): Promise<HeldShare> {
  const { summed, included: name } = sealed(round, included);
  const shares = await Promise.all(included.map((dealer) => shareOf(round, dealer, holder)));
  const address = hospitalAt(holder);
  const signatures = fakeSignatures(address);
  const bytes = await makeOpening(
    { context: round.context, holder: address, included: name, sums: [shares] },
    signatures,
  );
  const expected = { context: round.context, holder: address, holderNumber: holder + 1, included: name };
  const share = checkOpening(decodeSumOpening(bytes), { ...expected, summed, ring: round.ring }, signatures);
  return { holder: holder + 1, share };
}

/** The key that these holders open, and the sealed round as an auditor finds it. */
export async function sealedRound(round: DealtRound, included: readonly number[], openers: readonly number[]) {
  const shared = await keyOf(round, included, openers);
  return {
    ...auditedOf(round),
    included: objectsOf(round, included),
    key: encodeSumKey({ context: round.context, included: sealed(round, included).included, shared }),
  };
}

/** As sealedRound, with a sum of each bucket's included hospitals. */
export async function sealedBuckets(
  round: DealtRound,
  buckets: readonly (readonly number[])[],
  openers: readonly number[],
) {
  const keys = [];
  for (const bucket of buckets) keys.push(await keyOf(round, bucket, openers));
  const deals = buckets.map((bucket) => bucket.map((index) => blobDigest(round.hospitals[index]!.deal)));
  return {
    ...auditedOf(round),
    buckets: buckets.map((bucket) => objectsOf(round, bucket)),
    key: encodeSumKey({ context: round.context, included: includedDigest(deals), shared: keys.flat() }),
  };
}

async function keyOf(round: DealtRound, included: readonly number[], openers: readonly number[]): Promise<Share> {
  const held = await Promise.all(
    openers.map(async (holder) => {
      const shares = await Promise.all(included.map((dealer) => shareOf(round, dealer, holder)));
      return { holder: holder + 1, share: sumShares(shares) };
    }),
  );
  return recoverShared(held, openingThreshold(round.hospitals.length));
}

const auditedOf = ({ context, ring, inputs, hospitals }: DealtRound) => ({
  ...{ context, ring, coordinates: inputs[0]!.length, holders: hospitals.length },
});

function objectsOf({ hospitals }: DealtRound, included: readonly number[]) {
  return included.map((index) => ({
    hospital: hospitalAt(index),
    deal: hospitals[index]!.deal,
    masked: memorySource(hospitals[index]!.masked),
  }));
}

/** The sum of some hospitals' inputs. */
export function sumOf(round: DealtRound, included: readonly number[]): number[] {
  return Array.from(round.inputs[0]!, (_, place) =>
    included.reduce((sum, index) => sum + round.inputs[index]![place]!, 0),
  );
}

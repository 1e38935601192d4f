// A federation with private sums that has finished: the real core makes each hospital's objects, the contract's rules take the
// events, and nothing of the parties runs. What a test wants to go wrong, it changes in one place.
import { seededIntegers } from "../../../foundation/random.ts";
import type { Digest, HospitalAddress, RoundId } from "../../../protocol/format/digest.ts";
import { encodePlan, type Plan } from "../../../protocol/format/plan.ts";
import { mechanismOf, type PrivacySpec } from "../../../protocol/format/privacy-spec.ts";
import { type PrivateStatement, signPrivateManifest } from "../../../protocol/format/private-manifest.ts";
import { decodeSafetensors, encodeSafetensors, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { openableSums } from "../../../protocol/judge/opened-sums.ts";
import { prekeyFrom } from "../../../protocol/private/box.ts";
import type { PrivateContext } from "../../../protocol/private/context.ts";
import { makeContribution, privateWeight } from "../../../protocol/private/contribution.ts";
import { makeDeal } from "../../../protocol/private/deal.ts";
import { maskInput } from "../../../protocol/private/mask.ts";
import { addNoise } from "../../../protocol/private/noise.ts";
import { includedDigest } from "../../../protocol/private/opening.ts";
import { sumShares } from "../../../protocol/private/share.ts";
import { recoverShared, shareAt, sharingPolynomials } from "../../../protocol/private/sharing.ts";
import { encodeSumKey } from "../../../protocol/private/sum-key.ts";
import { layOutInput, partsOf } from "../../../protocol/private/sum-layout.ts";
import { type SumPlan, scoreCounts, sumPlanOf } from "../../../protocol/private/sum-plan.ts";
import { openingThreshold } from "../../../protocol/private/threshold.ts";
import { aggregateBuckets } from "../../../protocol/strategy/aggregate-buckets.ts";
import { aggregateSum, type WeightedSum } from "../../../protocol/strategy/aggregate-sum.ts";
import { memorySink, memorySource } from "../../../protocol/update/byte-source.ts";
import { updateLayout } from "../../../protocol/update/update-layout.ts";
import { FakeContract } from "../../fakes/contract.ts";
import { addressOf, examplePlan, exampleTerms } from "../../fakes/federation.ts";
import { genesisModel } from "../../fakes/learner.ts";
import { FakeStore } from "../../fakes/network.ts";
import { fakeSignatures, secretOf } from "../../fakes/party-ports.ts";

import type { Finished } from "./finished-federation.ts";

export const privacy: PrivacySpec = { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 8 };
/** The same with noise, for patients. */
export const noisyPrivacy: PrivacySpec = {
  ...{ ...privacy, unitWeight: 1 },
  patient: { samplingRate: 0.5, clipNorm: 0.5, integerNorm: 64, noiseMultiplier: 2, delta: 1e-5 },
};
const chainId = 31337;
const contract = `0x${"cc".repeat(20)}` as HospitalAddress;

export interface PrivateChoices {
  readonly hospitals?: number;
  readonly rounds?: number;
  readonly plan?: Partial<Plan>;
  /** Of the contract; the plan's by default. */
  readonly founded?: PrivacySpec | undefined;
  /** Indices of the hospitals that a round's seal includes; all by default. */
  readonly sealed?: (round: number) => readonly number[];
  /** Changes what a hospital masks: the laid out integers. */
  readonly input?: (input: Int32Array, at: { readonly round: number; readonly hospital: number }) => void;
  /** A build that adds no noise where the plan asks for it. */
  readonly isSilent?: boolean;
  /** Changes the masked object after it was made. */
  readonly masked?: (bytes: Uint8Array, at: { readonly round: number; readonly hospital: number }) => Uint8Array;
  readonly statement?: (
    statement: PrivateStatement,
    at: { readonly round: number; readonly hospital: number },
  ) => PrivateStatement;
  /** Digest that a hospital's vote names in place of the key's. */
  readonly vote?: (key: Digest, at: { readonly round: number; readonly hospital: number }) => Digest;
  /** The model that is proposed in place of the right one. */
  readonly proposed?: (model: Uint8Array, round: number) => Uint8Array;
  /** Chain time between the end of committing and the seal, seconds. */
  readonly sealAfter?: number;
}

/** What a hospital committed. */
interface Dealt {
  /** What it masked. */
  readonly input: Int32Array;
  readonly manifest: Digest;
  readonly masked: Digest;
  readonly deal: Digest;
  readonly sampleCount: number;
  readonly polynomials: ReturnType<typeof sharingPolynomials>;
}

export interface PrivateRoundMade {
  readonly key: Digest;
  /** Of the plain sum of the sealed inputs, without masks. */
  readonly model: Uint8Array;
  /** By hospital. */
  readonly dealt: readonly Dealt[];
}

export interface PrivateFederation extends Finished {
  readonly plan: Plan;
  readonly rounds: readonly PrivateRoundMade[];
}

const made = new Map<string, Promise<unknown>>();
/** What is slow to make, once for all tests: the same name always stands for the same bytes. */
function once<T>(name: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(name) ?? make();
  made.set(name, known);
  return known as Promise<T>;
}

/** Rounds that became final. */
export async function playPrivate(choices: PrivateChoices = {}): Promise<PrivateFederation> {
  const {
    hospitals: count = 4,
    rounds = 2,
    founded = choices.plan && "privacy" in choices.plan ? choices.plan.privacy : privacy,
  } = choices;
  const plan = examplePlan({ rounds, minUpdates: 3, privacy, ...choices.plan });
  const store = new FakeStore();
  const digests = { plan: await store.put(encodePlan(plan)), genesis: await store.put(genesisModel()) };
  const sums = founded && { mechanism: mechanismOf(founded), maxSeals: founded.maxSeals, seals: 0 };
  const chain = new FakeContract({ ...exampleTerms, minUpdates: 3 }, digests, sums);
  const hospitals = Array.from({ length: count }, (_, index) => addressOf(index));
  for (const address of hospitals) chain.admit(address, "hospital", 1);
  const played: PrivateRoundMade[] = [];
  let base = genesisModel();
  let time = 100;
  for (let id = 1; id <= rounds; id++) {
    const round = await playRound({ chain, store, plan, planDigest: digests.plan, hospitals, base, id, time }, choices);
    played.push(round);
    base = choices.proposed?.(round.model, id) ?? round.model;
    time += 200;
  }
  return { federation: { chainId, contract }, events: [...chain.events], store, plan, rounds: played };
}

interface RoundPlace {
  readonly chain: FakeContract;
  readonly store: FakeStore;
  readonly plan: Plan;
  readonly planDigest: Digest;
  readonly hospitals: readonly HospitalAddress[];
  readonly base: Uint8Array;
  readonly id: number;
  readonly time: number;
}

interface SumOfRound extends RoundPlace {
  readonly context: PrivateContext;
  readonly baseDigest: Digest;
  readonly sum: SumPlan;
  readonly threshold: number;
}

async function playRound(place: RoundPlace, choices: PrivateChoices): Promise<PrivateRoundMade> {
  const { chain, store, plan, planDigest, hospitals, base, id, time } = place;
  const round = id as RoundId;
  const [opener] = hospitals as [HospitalAddress];
  const baseDigest = await store.put(base);
  chain.apply(opener, { name: "openRound", args: { plan: planDigest, base: baseDigest } }, time);
  const { coordinates: parameters } = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
  const own: SumOfRound = {
    ...{ ...place, baseDigest, context: { chainId, contract, round } },
    sum: sumPlanOf(plan, { hospitals: hospitals.length, parameters }),
    threshold: openingThreshold(hospitals.length),
  };
  const dealt: Dealt[] = [];
  for (const index of hospitals.keys()) dealt.push(await commitMasked(own, index, choices));
  const included = choices.sealed?.(id) ?? [...hospitals.keys()];
  const sealedAt = time + 20 + (choices.sealAfter ?? 0);
  const sealedSet = included.map((index) => hospitals[index]!);
  chain.apply(opener, { name: "sealRound", args: { round, included: sealedSet } }, sealedAt);
  const opened = openableSums({ id: round, base: baseDigest, members: hospitals }, bucketContext(plan), sealedSet)!;
  const sums = opened.map((members) => members.map((member) => dealt[hospitals.indexOf(member)]!));
  const key = await store.put(openedKey(own, sums));
  // Where a test spoils the round, a dishonest majority makes any model final.
  const isSpoilt = choices.input !== undefined || choices.masked !== undefined || choices.isSilent === true;
  const model = await plainSumModel(own, sums).catch((error) => (isSpoilt ? base : Promise.reject(error)));
  const proposed = await store.put(choices.proposed?.(model, id) ?? model);
  chain.apply(opener, { name: "proposeModel", args: { round, model: proposed, included: sealedSet } }, sealedAt + 5);
  for (const [index, hospital] of hospitals.entries()) {
    const scores = choices.vote?.(key, { round: id, hospital: index }) ?? key;
    const vote = { round, proposal: 1, agree: true, scores };
    chain.apply(hospital, { name: "attest", args: vote }, sealedAt + 6 + index);
  }
  return { key, model, dealt };
}

/** A hospital trains, masks, deals and commits. */
async function commitMasked(own: SumOfRound, index: number, choices: PrivateChoices): Promise<Dealt> {
  const { chain, store, plan, planDigest, hospitals, base, baseDigest, id, time, context, sum, threshold } = own;
  const { ring, layout, unitWeight, largest, noise } = sum;
  const { round } = context;
  const at = { round: id, hospital: index };
  const hospital = hospitals[index]!;
  const secret = secretOf(`round ${id} hospital ${index}`);
  const secrets = { ring, secret, context };
  const sampleCount = noise ? 1 : 10 + 4 * index; // on both sides of the unit weight
  const local = trained(base, `${id} ${index}`);
  const { integers } = makeContribution({ base, local, plan, sampleCount, unitWeight, largest, secret, context });
  const histogram = layout.bins > 0 ? scoreCounts(predictionsOf(id, index), largest) : undefined;
  const input = layOutInput(layout, { integers, histogram }, largest);
  if (noise && !choices.isSilent) addNoise(input, { variance: noise.variance, secret, context });
  choices.input?.(input, at);
  const whole = maskInput(input, secrets);
  const masked = await store.put(choices.masked?.(whole, at) ?? whole);
  const { deal: dealBytes } = await once(`deal ${id} ${index} of ${hospitals.length}`, async () => {
    const prekeys = hospitals.map((_, holder) => once(`prekey ${holder}`, () => prekeyOf(holder)));
    const keys = await Promise.all(prekeys);
    return makeDeal(secrets, {
      hospital,
      holders: hospitals.map((address, holder) => ({ address, prekey: keys[holder] })),
    });
  });
  const deal = await store.put(dealBytes);
  const statement: PrivateStatement = {
    version: 2,
    ...{ ...context, trainedIn: round, hospital, plan: planDigest, base: baseDigest, masked, deal },
    ...{ sampleCount, shard: baseDigest, quarantine: planDigest, software: plan.software },
  };
  const said = choices.statement?.(statement, at) ?? statement;
  const manifest = await store.put(await signPrivateManifest(said, fakeSignatures(hospital)));
  chain.apply(hospital, { name: "commitUpdate", args: { round, manifest, sampleCount } }, time + 10 + index);
  return { input, manifest, masked, deal, sampleCount, polynomials: sharingPolynomials(secrets, threshold) };
}

const bucketContext = (plan: Plan) => ({ federation: { chainId, contract }, plan });

/** The key that the last holders open. */
function openedKey(
  { plan, context, hospitals, threshold }: SumOfRound,
  sums: readonly (readonly Dealt[])[],
): Uint8Array {
  const shared = sums.map((summands) => {
    const held = Array.from({ length: threshold }, (_, place) => {
      const holder = hospitals.length - place;
      return { holder, share: sumShares(summands.map(({ polynomials }) => shareAt(polynomials, holder))) };
    });
    return recoverShared(held, threshold);
  });
  const deals = sums.map((summands) => summands.map(({ deal }) => deal));
  const included = includedDigest(plan.privacy?.buckets === undefined ? deals[0]! : deals);
  return encodeSumKey({ context, included, shared: shared.flat() });
}

/** What the hospitals' integers make, added without masks. */
async function plainSumModel(
  { plan, base, hospitals, sum }: SumOfRound,
  sums: readonly (readonly Dealt[])[],
): Promise<Uint8Array> {
  const sink = memorySink();
  const weighted = sums.map((summands) => plainSum(sum, summands)).filter(({ areScored }) => areScored);
  const { buckets } = plan.privacy!;
  if (buckets !== undefined) await aggregateBuckets({ plan, base: memorySource(base), sums: weighted, buckets }, sink);
  else {
    const input = { plan, base: memorySource(base), sum: plainSum(sum, sums[0]!), memberCount: hospitals.length };
    await aggregateSum(input, sink);
  }
  return sink.bytes();
}

function plainSum(
  { layout, unitWeight, largest, noise }: SumPlan,
  summands: readonly Dealt[],
): WeightedSum & { readonly areScored: boolean } {
  const noiseStdDev = (noise?.stdDev ?? 0) * Math.sqrt(summands.length);
  const summed = Int32Array.from(summands[0]!.input, (_, place) =>
    summands.reduce((total, { input }) => total + input[place]!, 0),
  );
  const { integers, histogram } = partsOf(summed, layout);
  const areScored = [...histogram.negatives, ...histogram.positives].every((count) => count >= 0);
  const totalWeight = summands.reduce((total, { sampleCount }) => total + privateWeight(sampleCount, unitWeight), 0);
  return { integers, unitWeight, totalWeight, updates: summands.length, largest, noiseStdDev, areScored };
}

async function prekeyOf(index: number): Promise<Uint8Array> {
  return (await prekeyFrom(secretOf(`prekey ${index}`))).publicKey;
}

/** Weights that training may have made, the same for the same name. */
function trained(base: Uint8Array, name: string): Uint8Array {
  const next = seededIntegers("private", name);
  const moved = decodeSafetensors(base).tensors.map((tensor) => ({
    ...tensor,
    data: Float32Array.from(tensor.data, (value) => value + (next() / 2 ** 32 - 0.5) / 8),
  }));
  return encodeSafetensors(moved);
}

/** Scores that tell positives from negatives, the better the later the round. */
export function predictionsOf(round: number, hospital: number) {
  const next = seededIntegers("scores", round, hospital);
  return Array.from({ length: 30 }, (_, patient) => {
    const label: 0 | 1 = patient % 3 === 0 ? 1 : 0;
    return { score: Math.min(1, Math.max(0, (next() / 2 ** 32) * 0.7 + label * 0.1 * (1 + round))), label };
  });
}

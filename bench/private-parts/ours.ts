// Our side of the parts of a round, in a process of its own: ten hospitals one after the other, then the model from the opened sum. No
// training, no network and no chain, as on the peer's side.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hexlify, Wallet } from "ethers";
import { walletSignatures } from "../../io/chain/signatures.ts";
import { type HospitalAddress, parseAddress, parseRoundId } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodeSafetensors, parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import { auditSum } from "../../protocol/private/audit-sum.ts";
import { openBox, type Prekey, prekeyFrom } from "../../protocol/private/box.ts";
import { makeContribution, privateWeight } from "../../protocol/private/contribution.ts";
import { checkDeal, decodeDeal, makeDeal } from "../../protocol/private/deal.ts";
import { maskInput } from "../../protocol/private/mask.ts";
import { decodeSumOpening, includedDigest, makeOpening, signedShares } from "../../protocol/private/opening.ts";
import { areSharesOf, recoverShared } from "../../protocol/private/sharing.ts";
import { encodeSumKey } from "../../protocol/private/sum-key.ts";
import { layOutInput, partsOf } from "../../protocol/private/sum-layout.ts";
import { scoreCounts, sumPlanOf } from "../../protocol/private/sum-plan.ts";
import { openingThreshold } from "../../protocol/private/threshold.ts";
import { aggregateSum } from "../../protocol/strategy/aggregate-sum.ts";
import { memorySink, memorySource } from "../../protocol/update/byte-source.ts";
import { powerOfTwo } from "../../protocol/update/power-of-two.ts";
import { type UpdatePlan, updateLayout } from "../../protocol/update/update-layout.ts";
import { peakBytes } from "../aggregate/peak-memory.ts";

const [file, count, step] = process.argv.slice(2) as [string, string, string];
const bytes = new Uint8Array(readFileSync(file));
const delta = Float32Array.from(new Int32Array(bytes.buffer), (value) => value * Number(step));
const modelOf = (data: Float32Array) =>
  encodeSafetensors([{ name: "weights", dtype: "F32", shape: [data.length], data }]);
const [base, local] = [modelOf(new Float32Array(delta.length)), modelOf(delta)];
const plan: UpdatePlan = {
  update: { type: "I16", clipNorm: 512, topFraction: 1, localTensors: [] },
  strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
  privacy: { mode: "sum", unitWeight: 1, largest: 2047, maxSeals: 1 },
};
const context = { chainId: 31337, contract: parseAddress(`0x${"c0".repeat(20)}`), round: parseRoundId(1) };
const secretOf = (name: string) => new Uint8Array(createHash("sha256").update(name).digest());
const wallets = Array.from({ length: Number(count) }, (_, i) => new Wallet(hexlify(secretOf(`wallet ${i}`))));
const hospitals = wallets.map(({ address }) => parseAddress(address));

const { coordinates: parameters, segments } = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
const sums = sumPlanOf(plan, { hospitals: hospitals.length, parameters });
const { ring, layout, coordinates, unitWeight, largest } = sums;
const threshold = openingThreshold(hospitals.length);
/** Processor time: the machine may have other work. */
const seconds: Record<string, number> = {};
async function timed<T>(part: string, work: () => T | Promise<T>): Promise<T> {
  const started = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(started);
  seconds[part] = (seconds[part] ?? 0) + (user + system) / 1e6;
  return result;
}

const prekeys: Prekey[] = [];
for (const index of hospitals.keys())
  prekeys.push(await timed("prekeys", () => prekeyFrom(secretOf(`prekey ${index}`))));
const holders = hospitals.map((address, index) => ({ address, prekey: prekeys[index]!.publicKey }));
const dealt: (Awaited<ReturnType<typeof makeDeal>> & { hospital: HospitalAddress; masked: Uint8Array })[] = [];
for (const [index, hospital] of hospitals.entries()) {
  const secret = secretOf(`hospital ${index}`);
  const secrets = { ring, secret, context };
  const input = await timed("round", () => {
    const { integers } = makeContribution({ base, local, plan, sampleCount: 1, unitWeight, largest, secret, context });
    return layOutInput(layout, { integers, histogram: scoreCounts([], largest) }, largest);
  });
  const masked = await timed("mask", () => maskInput(input, secrets));
  const { deal, boxes } = await timed("deal", () => makeDeal(secrets, { hospital, holders }));
  dealt.push({ hospital, masked, deal, boxes });
}
const included = includedDigest(dealt.map(({ deal }) => blobDigest(deal)));
const openings: Uint8Array[] = [];
for (const [index, holder] of hospitals.entries()) {
  const { secretKey } = prekeys[index]!;
  openings.push(
    await timed("check", async () => {
      const opened = [];
      for (const { hospital: dealer, deal, boxes } of dealt) {
        const expected = { context, hospital: dealer, ring, holders: hospitals.length };
        const commitments = checkDeal(decodeDeal(deal), expected);
        opened.push({ commitments, share: await openBox(boxes[index]!, { secretKey, ring, context, dealer, holder }) });
      }
      if (!areSharesOf(opened, index + 1, ring, secretOf(`coins ${index}`))) throw new Error("a share is wrong");
      const shares = opened.map(({ share }) => share);
      return makeOpening({ context, holder, included, sums: [shares] }, walletSignatures(wallets[index]!));
    }),
  );
}
const key = await timed("key", () => {
  const held = openings.slice(0, threshold).map((opening, index) => {
    const expected = { context, holder: hospitals[index]!, included, ring, sums: 1 };
    return {
      holder: index + 1,
      share: signedShares(decodeSumOpening(opening), expected, walletSignatures(wallets[0]!))[0]!,
    };
  });
  return encodeSumKey({ context, included, shared: recoverShared(held, threshold) });
});
const model = await timed("derive", async () => {
  const { sum } = await auditSum({
    ...{ context, ring, coordinates, holders: hospitals.length, key },
    included: dealt.map(({ hospital, deal, masked }) => ({ hospital, deal, masked: memorySource(masked) })),
  });
  const { integers } = partsOf(sum, layout);
  const totalWeight = hospitals.length * privateWeight(1, unitWeight);
  const weighted = { integers, unitWeight, totalWeight, updates: hospitals.length, largest, noiseStdDev: 0 };
  const sink = memorySink();
  await aggregateSum({ plan, base: memorySource(base), sum: weighted, memberCount: hospitals.length }, sink);
  return sink.bytes();
});
const found = new Float32Array(model.slice(model.byteLength - 4 * delta.length).buffer);
const worst = found.reduce((most, value, index) => Math.max(most, Math.abs(value - delta[index]!)), 0);
// Rounding is within a step of the tensor.
if (worst > powerOfTwo(segments[0]!.exponent)) throw new Error(`the sum is wrong by ${worst}`);
const roundSeconds = Object.values(seconds).reduce((sum, part) => sum + part, 0);
console.log(JSON.stringify({ roundSeconds, seconds, peakBytes: peakBytes() }));

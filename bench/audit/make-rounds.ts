// A finished federation of any size without a training in it: hospitals whose weights move by seeded noise, but every
// object, signature and average real. The audit's benchmark and its end-to-end test begin with one.

import { seededIntegers } from "../../foundation/random.ts";
import { localExchange } from "../../protocol/audit/local-objects.ts";
import { type Digest, type HospitalAddress, parseDigest } from "../../protocol/format/digest.ts";
import { signManifest } from "../../protocol/format/manifest.ts";
import { encodePlan, type Plan } from "../../protocol/format/plan.ts";
import { decodeSafetensors, encodeSafetensors } from "../../protocol/format/safetensors.ts";
import { encodeValidationScores } from "../../protocol/format/validation-scores.ts";
import { collectUpdate, type ValidUpdate } from "../../protocol/judge/collect.ts";
import { recomputeModel } from "../../protocol/judge/recompute.ts";
import type { BlobStore, Ledger, Signatures } from "../../protocol/ports.ts";
import { makeUpdate } from "../../protocol/update/make-update.ts";

export interface MadeHospital {
  readonly ledger: Ledger;
  readonly signatures: Signatures;
}

const maxModelBytes = 2 ** 31;
const nowhere = parseDigest(`0x${"5a".repeat(32)}`);

/** A model of that many float32 parameters, in two tensors. */
export function noiseModel(parameters: number): Uint8Array {
  const next = seededIntegers("model", parameters);
  const noise = (length: number) => Float32Array.from({ length }, () => next() / 2 ** 32 - 0.5);
  const bias = Math.min(1000, Math.floor(parameters / 2));
  return encodeSafetensors([
    { name: "dense/kernel", dtype: "F32", shape: [parameters - bias], data: noise(parameters - bias) },
    { name: "dense/bias", dtype: "F32", shape: [bias], data: noise(bias) },
  ]);
}

/** Runs rounds from opening to finality, all hospitals taking part; every object goes into one store. */
export async function makeRounds(
  { hospitals, aggregator, blobs }: { hospitals: readonly MadeHospital[]; aggregator: Ledger; blobs: BlobStore },
  { plan, genesis, rounds }: { plan: Plan; genesis: Uint8Array; rounds: number },
): Promise<void> {
  const planDigest = await blobs.put(encodePlan(plan));
  let base = await blobs.put(genesis);
  for (let count = 0; count < rounds; count++) {
    const id = await aggregator.openRound({ plan: planDigest, base });
    for (const [index, hospital] of hospitals.entries())
      await commit(hospital, blobs, { plan, planDigest, base, id, index });
    const round = await aggregator.round(id);
    const context = { federation: aggregator.federation, plan, bases: [base], baseHeaders: new Map() };
    const updates: ValidUpdate[] = [];
    for (const commitment of round.commitments) {
      const ports = { blobs, exchange: localExchange(blobs), signatures: (hospitals[0] as MadeHospital).signatures };
      const found = await collectUpdate(ports, { commitment, round, context }, { maxModelBytes });
      if (found.status !== "valid") throw new Error(`made an update that is ${found.status}`);
      updates.push(found);
    }
    const included = round.members;
    const { model, bytes } = await recomputeModel({ blobs }, { round, plan, included, updates });
    await blobs.put(bytes);
    await aggregator.proposeModel({ round: id, model, included });
    for (const [index, { ledger }] of hospitals.entries()) {
      const hospital = ledger.self as HospitalAddress;
      const scores = await blobs.put(
        encodeValidationScores({ round: id, hospital, model, predictions: predictions(index) }),
      );
      await ledger.attest({ round: id, proposal: 1, agree: true, scores });
    }
    base = model;
  }
}

async function commit(
  { ledger, signatures }: MadeHospital,
  blobs: BlobStore,
  input: { plan: Plan; planDigest: Digest; base: Digest; id: Awaited<ReturnType<Ledger["openRound"]>>; index: number },
): Promise<void> {
  const { plan, planDigest, base, id, index } = input;
  const hospital = ledger.self as HospitalAddress;
  const bytes = await blobs.get(base, { maxBytes: maxModelBytes });
  const next = seededIntegers("local", id, index);
  const moved = decodeSafetensors(bytes).tensors.map((tensor) => ({
    ...tensor,
    data: Float32Array.from(tensor.data, (value) => value + (next() / 2 ** 32 - 0.5) / 64),
  }));
  const made = makeUpdate({
    base: bytes,
    local: encodeSafetensors(moved),
    residual: undefined,
    plan,
    round: id,
    hospital,
  });
  const update = await blobs.put(made.update);
  const sampleCount = 10 + index;
  const manifest = await signManifest(
    {
      ...{ version: 1, ...ledger.federation, round: id, trainedIn: id, hospital, plan: planDigest, base, update },
      ...{ updateBytes: made.update.byteLength, sampleCount, shard: nowhere, quarantine: nowhere },
      ...{ finalLoss: 0.5, seconds: 1, software: plan.software },
    },
    signatures,
  );
  await ledger.commitUpdate({ round: id, manifest: await blobs.put(manifest), sampleCount });
}

/** Scores of twenty patients with a fairly good AUC. */
function predictions(hospital: number) {
  const next = seededIntegers("scores", hospital);
  return Array.from({ length: 20 }, (_, patient) => {
    const label = (patient % 2) as 0 | 1;
    return { patient: `${patient}`, label, score: (label + next() / 2 ** 32) / 2 };
  });
}

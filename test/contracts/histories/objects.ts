// The objects of a history, right and wrong, each of the kind that its script asks for.
import { isFedError } from "../../../foundation/errors.ts";
import { seededIntegers } from "../../../foundation/random.ts";
import { walletSignatures } from "../../../io/chain/signatures.ts";
import { canonicalBytes } from "../../../protocol/format/canonical.ts";
import type { Digest, HospitalAddress, RoundId } from "../../../protocol/format/digest.ts";
import type { FederationId } from "../../../protocol/format/federation-id.ts";
import { type Statement, signManifest } from "../../../protocol/format/manifest.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../../protocol/format/safetensors.ts";
import { makeUpdate } from "../../../protocol/update/make-update.ts";
import { genesisModel } from "../../fakes/learner.ts";
import type { FakeStore } from "../../fakes/network.ts";
import { walletOf } from "../real-contract.ts";
import type { KnownModel, ObjectState } from "./played.ts";
import { type GenesisKind, isMeantMissing, isMeantValid, type UpdateKind } from "./script.ts";

export const text = (value: string) => new TextEncoder().encode(value);

/** Bytes that are no object of ours; each seed gives others. */
export function garbage(seed: string, length = 300): Uint8Array {
  const next = seededIntegers("garbage", seed);
  return Uint8Array.from({ length }, next);
}

export interface CommitmentMaker {
  readonly federation: FederationId;
  readonly plan: Plan;
  readonly planDigest: Digest;
  /** The round's base first, then as many older ones as the plan allows. */
  readonly bases: readonly KnownModel[];
  readonly round: RoundId;
  readonly hospital: HospitalAddress;
  /** Of this hospital in the round before, and of another one in this round. */
  readonly earlier: Digest | undefined;
  readonly others: Digest | undefined;
  /** Of an account that is not this hospital. */
  readonly stranger: HospitalAddress;
}

export interface MadeCommitment {
  readonly manifest: Digest;
  readonly sampleCount: number;
  readonly update: Uint8Array;
  /** How many models older than the round's base the update's own is. */
  readonly age: number;
  readonly state: ObjectState;
}

/** What is not put into the store is what nobody serves. */
export async function makeCommitment(
  kind: UpdateKind,
  maker: CommitmentMaker,
  store: FakeStore,
): Promise<MadeCommitment> {
  const { plan, planDigest, round, hospital, federation } = maker;
  const [newest, older] = maker.bases;
  const base = kind === "late" && older ? older : newest!;
  const age = base === newest ? 0 : 1;
  const update = updateOf(kind, maker, base.bytes);
  const digest = kind === "manifest as update" ? planDigest : blobDigest(update);
  if (kind !== "missing update") await store.put(update);
  const sampleCount =
    kind === "sample count above the plan" ? plan.sampleCap + 1 : 10 + (round % 7) + (update.byteLength % 13);
  const statement: Statement = {
    ...{ version: 1, ...federation, round, trainedIn: round, hospital, plan: planDigest, base: base.digest },
    ...{ update: digest, updateBytes: update.byteLength, sampleCount, shard: planDigest, quarantine: planDigest },
    // Objects that nobody serves have bytes of their own: honest ones may be known from a branch that was reorganised away.
    ...{ finalLoss: 0.5, seconds: 1, software: isMeantMissing(kind) ? "served by nobody" : "a history" },
  };
  const signer = kind === "signature of another" ? maker.stranger : hospital;
  const signed = await signManifest(restated(kind, statement), walletSignatures(walletOf(signer)));
  const bytes = manifestBytes(kind, signed, maker);
  const made = { sampleCount, update, age };
  if (kind === "manifest of the round before" && maker.earlier)
    return { ...made, manifest: maker.earlier, state: "bad" };
  if (kind === "manifest of another hospital" && maker.others) return { ...made, manifest: maker.others, state: "bad" };
  if (kind === "plan as manifest") return { ...made, manifest: planDigest, state: "bad" };
  if (kind !== "missing manifest") await store.put(bytes);
  return { ...made, manifest: blobDigest(bytes), state: stateOf(kind, base) };
}

function stateOf(kind: UpdateKind, base: KnownModel): ObjectState {
  if (isMeantMissing(kind)) return "missing";
  if (!isMeantValid(kind)) return "bad";
  return base.state === "unfit" ? "bad" : base.state;
}

function restated(kind: UpdateKind, statement: Statement): Statement {
  switch (kind) {
    case "other sample count":
      return { ...statement, sampleCount: statement.sampleCount + 1 };
    case "other plan":
      return { ...statement, plan: statement.base };
    case "other base":
      return { ...statement, base: statement.plan };
    case "other size":
      return { ...statement, updateBytes: statement.updateBytes + 1 };
    default:
      return statement;
  }
}

function manifestBytes(kind: UpdateKind, signed: Uint8Array, { round, hospital }: CommitmentMaker): Uint8Array {
  const said = new TextDecoder().decode(signed);
  switch (kind) {
    case "garbage manifest":
    case "manifest of the round before":
    case "manifest of another hospital":
      return garbage(`${round} ${hospital}`);
    case "infinite number":
      return text(said.replace('"finalLoss":0.5', '"finalLoss":1e400'));
    case "lone surrogate":
      return text(said.replace('"a history"', '"\\ud800"'));
    case "spaces in the manifest":
      return text(said.replace('"software":', '"software": '));
    case "deep manifest":
      return text(said.replace("0.5", "[".repeat(1000) + "]".repeat(1000)));
    case "oversized manifest":
      return text(said.replace('"a history"', JSON.stringify("a".repeat(9000))));
    default:
      return signed;
  }
}

function updateOf(kind: UpdateKind, maker: CommitmentMaker, base: Uint8Array): Uint8Array {
  const { round, hospital } = maker;
  const seed = `${round} ${hospital} update`;
  if (kind === "garbage update") return garbage(seed, 1200);
  if (kind === "oversized update") return garbage(seed, 1 << 16);
  // On a base that is not finite an update can still have the right form.
  const onto = [base, genesisModel()].map((each) => tried(() => honestUpdate(maker, each, reachOf(kind))));
  const made = onto[0] ?? onto[1]!;
  const { tensors, metadata } = decodeSafetensors(made);
  if (kind === "other shapes") {
    return encodeSafetensors(
      tensors.map((each) => ({ ...each, shape: [each.data.length, 1, 1] })),
      metadata,
    );
  }
  if (kind === "float update") {
    return encodeSafetensors(
      tensors.map((each) => ({ ...each, dtype: "F32", data: Float32Array.from(each.data) }) as NamedTensor),
      metadata,
    );
  }
  if (kind === "norm exceeded") {
    const loud = tensors.map((each) => {
      if (each.name === "gaps") return each;
      const type = each.data.constructor as Int16ArrayConstructor;
      return { ...each, data: type.from(each.data, () => 2 ** (8 * type.BYTES_PER_ELEMENT - 1) - 1) };
    });
    return encodeSafetensors(loud, metadata);
  }
  return made;
}

/** How far an update of this kind moves the weights. */
function reachOf(kind: UpdateKind): number {
  if (kind === "still") return 0;
  return isMeantMissing(kind) ? 1 / 9 : 1 / 8;
}

/** Undefined for a base that no update can be made on. */
function tried<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (isFedError(error)) return undefined;
    throw error;
  }
}

function honestUpdate({ plan, round, hospital }: CommitmentMaker, base: Uint8Array, reach: number): Uint8Array {
  const next = seededIntegers("local", round, hospital);
  const moved = decodeSafetensors(base)
    .tensors.filter(({ name }) => !name.startsWith("server/"))
    .map((tensor) => ({
      ...tensor,
      data: Float32Array.from(tensor.data, (value) => value + (next() / 2 ** 32 - 0.5) * reach),
    }));
  const local = encodeSafetensors(moved);
  return makeUpdate({ base, local, residual: undefined, unitMove: 1, plan, round, hospital }).update;
}

/** Bytes for a genesis model of the kind; undefined: nobody serves it. */
export function makeGenesis(kind: GenesisKind): { readonly bytes: Uint8Array; readonly isServed: boolean } {
  const good = genesisModel();
  const { tensors } = decodeSafetensors(good);
  const served = (bytes: Uint8Array) => ({ bytes, isServed: true });
  switch (kind) {
    case "good":
      return served(good);
    case "garbage":
      return served(garbage("genesis"));
    case "missing":
      return { bytes: garbage("missing genesis"), isServed: false };
    case "integers":
      return served(
        encodeSafetensors(
          tensors.map((each) => ({ ...each, dtype: "I32", data: Int32Array.from(each.data) }) as NamedTensor),
        ),
      );
    case "no tensors":
      return served(encodeSafetensors([]));
    case "not finite": {
      const data = Float32Array.from(tensors[0]!.data, () => Number.NaN);
      return served(encodeSafetensors([{ ...tensors[0]!, data }, ...tensors.slice(1)]));
    }
    case "unaligned":
      return served(unaligned(good));
    case "odd server state":
      return served(
        encodeSafetensors([
          ...tensors,
          { name: "server/momentum/dense/bias", dtype: "I8", shape: [3], data: Int8Array.of(1, 2, 3) },
          { name: "server/control/dense/bias", dtype: "F32", shape: [2], data: Float32Array.of(1, 2) },
        ]),
      );
    case "odd exponents":
      return served(encodeSafetensors(tensors, { "consilium.exponents": "[1e400,2]", exponents: "\ud800" }));
  }
}

/** The same tensors at an odd offset, as the format allows. */
function unaligned(bytes: Uint8Array): Uint8Array {
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)).trimEnd();
  const odd = text(header.length % 4 === 1 ? header : header + " ".repeat((5 - (header.length % 4)) % 4));
  const all = new Uint8Array(8 + odd.byteLength + bytes.byteLength - 8 - headerBytes);
  new DataView(all.buffer).setBigUint64(0, BigInt(odd.byteLength), true);
  all.set(odd, 8);
  all.set(bytes.subarray(8 + headerBytes), 8 + odd.byteLength);
  return all;
}

/** The right JSON with one number that JSON parsers make infinite. */
export function withInfinity(bytes: Uint8Array): Uint8Array {
  return text(new TextDecoder().decode(bytes).replace(/"round":\d+/, '"round":1e400'));
}

export function withField(bytes: Uint8Array, change: object): Uint8Array {
  return canonicalBytes({ ...JSON.parse(new TextDecoder().decode(bytes)), ...change });
}

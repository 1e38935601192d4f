// The model that a proposer of a script names, honest or not.
import { isFedError } from "../../../foundation/errors.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes } from "../../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { garbage } from "./objects.ts";
import type { KnownModel, PlayedRound } from "./played.ts";
import type { ModelKind, ProposalScript } from "./script.ts";

export interface HeldUpdate {
  readonly member: number;
  readonly sampleCount: number;
  readonly age: number;
  readonly bytes: Uint8Array;
}

export interface Proposing {
  readonly plan: Plan;
  readonly base: KnownModel;
  /** The base of the round before; undefined where there is none. */
  readonly older: KnownModel | undefined;
  readonly members: readonly number[];
  readonly included: readonly number[];
  readonly held: ReadonlyMap<number, HeldUpdate>;
  /** Of garbage. */
  readonly seed: string;
}

export interface ProposedModel {
  readonly bytes: Uint8Array;
  /** Whether it is what the included updates make. */
  readonly isRight: boolean;
  readonly isModel: boolean;
}

export async function makeProposedModel(kind: ModelKind, proposing: Proposing): Promise<ProposedModel> {
  const { plan, base, older, members, included, held, seed } = proposing;
  const wrong = { bytes: garbage(seed), isRight: false, isModel: false };
  const average = async (onto: Uint8Array) => {
    const updates = included.map((index) => held.get(index)).filter((each) => each !== undefined);
    if (updates.length !== included.length) return undefined;
    const input = updates.map(({ member, sampleCount, age, bytes }) => {
      return { index: members.indexOf(member), sampleCount, age, source: memorySource(bytes) };
    });
    try {
      const made = await aggregateToBytes({
        plan,
        base: memorySource(onto),
        updates: input,
        memberCount: members.length,
      });
      return made.model;
    } catch (error) {
      if (isFedError(error)) return undefined;
      throw error;
    }
  };
  if (base.state !== "good") return wrong;
  const right = await average(base.bytes);
  if (kind === "garbage") return wrong;
  if (kind === "base itself") {
    return { bytes: base.bytes, isRight: !!right && blobDigest(right) === base.digest, isModel: true };
  }
  if (!right) return wrong;
  if (kind === "flipped bit") {
    right[right.length - 4] = right[right.length - 4]! ^ 1;
    return { bytes: right, isRight: false, isModel: true };
  }
  if (kind === "other shapes") {
    const { tensors } = decodeSafetensors(right);
    const shaped = tensors
      .filter(({ name }) => !name.startsWith("server/"))
      .map((each) => ({ ...each, shape: [1, each.data.length] }));
    return { bytes: encodeSafetensors(shaped), isRight: false, isModel: true };
  }
  if (kind === "older base") {
    const onOlder = older?.state === "good" ? await average(older.bytes) : undefined;
    const isRight = !onOlder || blobDigest(onOlder) === blobDigest(right);
    return { bytes: onOlder ?? right, isRight, isModel: true };
  }
  return { bytes: right, isRight: true, isModel: true };
}

/** By member index, ascending, as bitmaps are. */
export function inclusionOf(
  kind: ProposalScript["included"],
  { commitments }: PlayedRound,
  held: ReadonlyMap<number, HeldUpdate>,
): readonly number[] {
  const all = commitments.map(({ member }) => member).sort((a, b) => a - b);
  const valid = all.filter((member) => held.has(member));
  switch (kind) {
    case "all valid":
      return valid;
    case "all committed":
      return all;
    case "without one":
      return valid.slice(1);
    case "one only":
      return valid.slice(0, 1);
  }
}

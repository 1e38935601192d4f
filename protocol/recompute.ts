// The next model from the round's base and the included updates: a pure function of public objects, so that whoever
// proposes and whoever checks it run this very code and must come to the same bytes.
import type { ValidUpdate } from "./collect.ts";
import type { Digest, HospitalAddress } from "./digest.ts";
import { FedError } from "./errors.ts";
import { blobDigest } from "./merkle.ts";
import type { Plan } from "./plan.ts";
import type { BlobStore } from "./ports.ts";
import type { RoundState } from "./round.ts";
import { blobSource } from "./round-context.ts";
import { aggregate } from "./strategy/aggregate.ts";
import { memorySink } from "./update/byte-source.ts";

/**
 * Averages the included updates (all of them local and valid) onto a base.
 * @param base the round's, but for finding out which wrong one a false proposal used
 * @throws FedError what the strategy requires and does not hold
 */
export async function recomputeModel(
  blobs: Pick<BlobStore, "outline" | "read">,
  input: {
    readonly round: RoundState;
    readonly plan: Plan;
    readonly included: readonly HospitalAddress[];
    readonly updates: readonly ValidUpdate[];
    readonly base?: Digest;
  },
): Promise<{ readonly model: Digest; readonly bytes: Uint8Array }> {
  const { round, plan, included, base = round.base } = input;
  const updates = await Promise.all(
    included.map(async (member) => {
      const update = input.updates.find((each) => each.member === member);
      if (!update) throw new FedError("UPDATE_NOT_COLLECTED", { round: round.id, member });
      return {
        index: round.members.indexOf(member),
        sampleCount: update.manifest.sampleCount,
        age: update.age,
        source: await blobSource(blobs, update.manifest.update),
      };
    }),
  );
  const sink = memorySink();
  await aggregate({ plan, base: await blobSource(blobs, base), updates, memberCount: round.members.length }, sink);
  const bytes = sink.bytes();
  return { model: blobDigest(bytes), bytes };
}

/** The updates that a proposal must average: every committed one that is valid. In member order. */
export function mustInclude(round: RoundState, updates: readonly ValidUpdate[]): readonly HospitalAddress[] {
  const valid = new Set(updates.map(({ member }) => member));
  return round.members.filter((member) => valid.has(member));
}

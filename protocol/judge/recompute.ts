// Computes the next model from the round's base and the included updates. It is a pure function of public objects: the
// proposer, the hospitals and the auditor run this code and get the same bytes.

import { FedError } from "../../foundation/errors.ts";
import type { RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import type { BlobStore } from "../ports.ts";
import { aggregate } from "../strategy/aggregate.ts";
import { memorySink } from "../update/byte-source.ts";
import { type Averaged, averagedOf } from "./averaged.ts";
import type { ValidUpdate } from "./collect.ts";
import { blobSource } from "./round-context.ts";
import type { SharedWork } from "./shared-work.ts";

export interface AveragingPorts {
  readonly blobs: Pick<BlobStore, "outline" | "read">;
  /** Results that the parties of one process share; without it this party computes everything itself. */
  readonly work?: SharedWork;
}

/**
 * Averages the included updates (all of them local and valid) onto a base.
 * @param input.base the round's by default; another one to find which base a wrong proposal used
 * @throws UPDATE_NOT_COLLECTED, or the code of what the strategy requires
 */
export async function recomputeModel(
  { blobs, work }: AveragingPorts,
  input: {
    readonly round: RoundState;
    readonly plan: Plan;
    readonly included: readonly HospitalAddress[];
    readonly updates: readonly ValidUpdate[];
    readonly base?: Digest;
  },
): Promise<Averaged> {
  const { round, plan, included, base = round.base } = input;
  const updates = included.map((member) => {
    const update = input.updates.find((each) => each.member === member);
    if (!update) throw new FedError("UPDATE_NOT_COLLECTED", { round: round.id, member });
    const { manifest, age } = update;
    const index = round.members.indexOf(member);
    return { index, sampleCount: manifest.sampleCount, age, update: manifest.update };
  });
  const memberCount = round.members.length;
  const compute = async (): Promise<Averaged> => {
    const sink = memorySink();
    const opened = updates.map(async ({ update, ...each }) => ({ ...each, source: await blobSource(blobs, update) }));
    const sources = { base: await blobSource(blobs, base), updates: await Promise.all(opened) };
    await aggregate({ plan, ...sources, memberCount }, sink);
    return averagedOf(sink.bytes());
  };
  return work ? work.averages.of([plan, base, updates, memberCount], compute) : compute();
}

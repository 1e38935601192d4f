// Judges a proposed model: everything that is in it is checked and averaged again, and nothing valid may be missing.

import { isFedError } from "../foundation/errors.ts";
import type { Proposal, RoundState } from "../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../protocol/format/digest.ts";
import type { Refusal } from "../protocol/format/refusal.ts";
import type { Collected } from "../protocol/judge/collect.ts";
import { leastUpdates, validUpdates } from "../protocol/judge/included.ts";
import { type AveragingPorts, recomputeModel } from "../protocol/judge/recompute.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";

export type Verdict =
  | { readonly agree: true; readonly model: Uint8Array }
  | { readonly agree: false; readonly refusal: Refusal };

export interface Judgement {
  readonly round: RoundState;
  readonly proposal: Proposal;
  readonly context: RoundContext | "refused";
  readonly collected: ReadonlyMap<HospitalAddress, Collected>;
  /** Models that the proposer announced for this round by gossip. */
  readonly announced: readonly Digest[];
  /** Bases of earlier rounds, to name the one that was used by mistake or on purpose. */
  readonly olderBases: readonly Digest[];
}

/** A function of the round, and of the objects that this hospital has collected. */
export async function verifyProposal(ports: AveragingPorts, judgement: Judgement): Promise<Verdict> {
  const { round, proposal, context, collected } = judgement;
  const { proposer, model, included } = proposal;
  const refuse = (code: Refusal["code"], facts: Pick<Refusal, "member" | "expected" | "found"> = {}): Verdict => ({
    agree: false,
    refusal: {
      version: 1,
      kind: "refusal",
      round: round.id,
      proposal: proposal.number,
      proposer,
      code,
      ...facts,
    },
  });
  if (context === "refused") return refuse("PLAN_NOT_ACCEPTED", { found: round.plan });
  const proposed = round.proposals.filter((each) => each.proposer === proposer).map((each) => each.model);
  const other = judgement.announced.find((digest) => !proposed.includes(digest));
  if (other) return refuse("EQUIVOCATION", { expected: model, found: other });
  for (const member of included) {
    const update = collected.get(member);
    if (!update) return refuse("UNSERVED_INCLUDED", { member });
    if (update.status === "invalid") return refuse("INVALID_INCLUDED", { member });
  }
  const updates = validUpdates(collected.values());
  const dropped = updates.find(({ member }) => !included.includes(member));
  if (dropped) return refuse("DROPPED_UPDATE", { member: dropped.member, found: dropped.manifest.update });
  const { plan } = context;
  if (included.length < leastUpdates(plan)) return refuse("TOO_FEW_UPDATES");
  const { model: expected, bytes } = await recomputeModel(ports, { round, plan, included, updates });
  if (expected === model) return { agree: true, model: bytes };
  for (const base of judgement.olderBases) {
    if ((await recomputeOn(ports, base, judgement, plan)) === model) {
      return refuse("WRONG_BASE", { expected: round.base, found: base });
    }
  }
  return refuse("WRONG_MODEL", { expected, found: model });
}

/** The model that another base would have given; undefined where that base is not here or does not fit. */
async function recomputeOn(
  ports: AveragingPorts,
  base: Digest,
  { round, proposal, collected }: Judgement,
  plan: RoundContext["plan"],
): Promise<Digest | undefined> {
  try {
    const updates = validUpdates(collected.values());
    return (await recomputeModel(ports, { round, plan, included: proposal.included, updates, base })).model;
  } catch (error) {
    if (isFedError(error)) return undefined;
    throw error;
  }
}

// The verdict on a proposed model. Voting hospitals and later auditors run this same code, so from the same objects
// they find the same faults.

import { type FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Proposal, RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import type { RefusalCode } from "../format/refusal.ts";
import type { BlobExchange } from "../ports.ts";
import { type Averaged, underName } from "./averaged.ts";
import type { Collected } from "./collect.ts";
import { leastUpdates, validUpdates } from "./included.ts";
import { type AveragingPorts, recomputeModel } from "./recompute.ts";
import type { RoundContext } from "./round-context.ts";

export interface VerdictPorts extends AveragingPorts {
  readonly exchange: Pick<BlobExchange, "fetch">;
}

export interface VerdictSubject {
  readonly round: RoundState;
  readonly proposal: Proposal;
  readonly context: RoundContext;
  /** By member; without those that could not be fetched. */
  readonly updates: ReadonlyMap<HospitalAddress, Collected>;
  /** Models before the round's base, newest first, to name the one that was used instead. */
  readonly olderBases: readonly Digest[];
  /** Whether this member's update had arrived before the proposal was seen. Always false for an auditor, who cannot know. */
  readonly hadBefore: (member: HospitalAddress) => boolean;
}

/** Why a proposal is wrong. */
export interface ProposalFault {
  readonly code: RefusalCode;
  /** The hospital whose update it is about. */
  readonly member?: HospitalAddress;
  readonly expected?: Digest;
  readonly found?: Digest;
  /** Why the included updates make no model under the plan. */
  readonly cause?: FedError;
}

/** Models before the round's base that a wrong average is compared with. */
const olderBasesTried = 3;

/**
 * Yields each fault of a proposal; the first is the reason of a refusal. Without one, the proposal is right.
 *
 * A wrong model is named WRONG_BASE where the same updates make it on one of the three models before the base. These are
 * fetched where they are not local: a hospital that joined late must give the same reason as the others. One that cannot
 * be fetched, or does not fit, is passed over. An abort is thrown and never makes a verdict: it says nothing about the model.
 * @returns the model that the included updates make; undefined where they make none
 * @throws ABORTED, and errors of this party's own store
 */
export async function* judgeProposal(
  ports: VerdictPorts,
  subject: VerdictSubject,
  options: { readonly maxModelBytes: number } & Waiting,
): AsyncGenerator<ProposalFault, Averaged | undefined> {
  const { round, proposal, context, updates } = subject;
  const { model, included } = proposal;
  const { plan } = context;
  let areAllValid = true;
  for (const member of included) {
    const update = updates.get(member);
    if (update?.status === "valid") continue;
    areAllValid = false;
    yield { code: update ? "INVALID_INCLUDED" : "UNSERVED_INCLUDED", member };
  }
  const valid = validUpdates(updates.values());
  for (const { member, manifest } of valid) {
    if (isDropped(subject, member)) yield { code: "DROPPED_UPDATE", member, found: manifest.update };
  }
  if (included.length < leastUpdates(plan)) yield { code: "TOO_FEW_UPDATES" };
  if (!areAllValid) return undefined;
  const input = { round, plan, included, updates: valid };
  let derived: Averaged;
  try {
    derived = await recomputeModel(ports, input);
  } catch (cause) {
    if (!isFedError(cause) || cause.kind !== "object") throw cause;
    yield { code: "WRONG_MODEL", found: model, cause };
    return undefined;
  }
  const named = underName(derived, model);
  if (named) return named;
  for (const base of subject.olderBases.slice(0, olderBasesTried)) {
    if ((await modelOn(ports, { ...input, base }, options)) !== model) continue;
    yield { code: "WRONG_BASE", expected: round.base, found: base };
    return derived;
  }
  yield { code: "WRONG_MODEL", expected: derived.model, found: model };
  return derived;
}

/**
 * Whether leaving out this valid update is the proposer's fault: it proposed before the time for serving updates was over,
 * or the judge already had the update. An update that arrives only afterwards is its hospital's own delay.
 */
function isDropped({ proposal, hadBefore }: VerdictSubject, member: HospitalAddress): boolean {
  if (proposal.included.includes(member)) return false;
  return !proposal.hasWaited || hadBefore(member);
}

/** The model on another base; undefined where that base cannot be fetched or does not fit. */
async function modelOn(
  ports: VerdictPorts,
  input: Parameters<typeof recomputeModel>[1] & { readonly base: Digest },
  { maxModelBytes, signal }: { readonly maxModelBytes: number } & Waiting,
): Promise<Digest | undefined> {
  try {
    await ports.exchange.fetch(input.base, { maxBytes: maxModelBytes, signal });
    return (await recomputeModel(ports, input)).model;
  } catch (error) {
    if (isFedError(error) && error.code !== "ABORTED") return undefined;
    throw error;
  }
}

// One proposed model, averaged again from the very updates that it names.

import { isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Proposal, RoundState } from "../contract/round.ts";
import type { Digest } from "../format/digest.ts";
import type { CollectPorts } from "../judge/collect.ts";
import { leastUpdates } from "../judge/included.ts";
import { recomputeModel } from "../judge/recompute.ts";
import type { RoundContext } from "../judge/round-context.ts";
import type { CheckedUpdates } from "./audit-updates.ts";
import { expectation, type RoundFindings } from "./find.ts";

export interface ProposalSubject {
  readonly state: RoundState;
  readonly proposal: Proposal;
  readonly context: RoundContext;
  readonly updates: CheckedUpdates;
  /** Models before the round's base, to name the one that was used by mistake or on purpose. */
  readonly olderBases: readonly Digest[];
}

/**
 * Averages again. A wrong model that the others refused is worth a note only; one that they accepted is broken, and
 * whoever agreed to it is named.
 * @returns the digest that comes out; undefined where an update is missing or not valid
 */
export async function deriveProposal(
  ports: Pick<CollectPorts, "blobs" | "exchange">,
  findings: RoundFindings,
  { state, proposal, context, updates, olderBases }: ProposalSubject,
  options: { readonly maxModelBytes: number } & Waiting,
): Promise<Digest | undefined> {
  const { number, proposer, model, included, attestations, status } = proposal;
  const severity = status === "accepted" ? "broken" : "note";
  const agreed = attestations.filter(({ agree }) => agree).map(({ member }) => member);
  const facts = { agreed: agreed.join(" ") };
  const about = { proposal: number, hospital: proposer, object: "model", digest: model, facts } as const;
  const { plan } = context;
  const least = leastUpdates(plan);
  if (included.length < least) {
    const sizes = { expected: `${least}`, found: `${included.length}` };
    findings.add(severity, "TOO_FEW_UPDATES", "the model averages fewer updates than the plan asks for", {
      ...about,
      ...sizes,
    });
  }
  if (included.some((member) => !updates.valid.has(member))) return undefined;
  const input = { round: state, plan, included, updates: [...updates.valid.values()] };
  let derived: Digest;
  try {
    derived = (await recomputeModel(ports, input)).model;
  } catch (error) {
    if (!isFedError(error) || error.kind !== "object") throw error;
    const why = { ...about, ...expectation(error) };
    findings.add(severity, error.code, "the included updates make no model under the plan", why);
    return undefined;
  }
  if (derived === model) return derived;
  for (const base of olderBases) {
    if ((await modelOn(ports, base, input, options)) !== model) continue;
    const text = "the model is the average of the included updates on another base than the round's";
    findings.add(severity, "WRONG_BASE", text, { ...about, expected: state.base, found: base });
    return derived;
  }
  const text = "the model is not the average of the included updates on the round's base";
  findings.add(severity, "WRONG_MODEL", text, { ...about, expected: derived, found: model });
  return derived;
}

/** The model on another base; undefined where that base cannot be had or does not fit. */
async function modelOn(
  { blobs, exchange }: Pick<CollectPorts, "blobs" | "exchange">,
  base: Digest,
  input: Parameters<typeof recomputeModel>[1],
  { maxModelBytes, signal }: { readonly maxModelBytes: number } & Waiting,
): Promise<Digest | undefined> {
  try {
    await exchange.fetch(base, { maxBytes: maxModelBytes, ...(signal ? { signal } : {}) });
    return (await recomputeModel({ blobs }, { ...input, base })).model;
  } catch (error) {
    if (isFedError(error) && error.code !== "ABORTED") return undefined;
    throw error;
  }
}

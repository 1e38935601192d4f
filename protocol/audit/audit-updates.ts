// Fetches every update that a hospital committed to in a round, and checks it against the chain, the plan and its signature.

import { type FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Commitment, Proposal, RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { collectUpdate, type ValidUpdate } from "../judge/collect.ts";
import type { MaskedUpdate } from "../judge/collect-private.ts";
import type { CollectPorts, InvalidUpdate } from "../judge/collecting.ts";
import type { RoundContext } from "../judge/round-context.ts";
import { expectation, type RoundFindings } from "./find.ts";
import type { AuditedRound } from "./replay.ts";

/** Updates that are fetched at the same time. */
const atOnce = 4;

export interface CheckedUpdates {
  readonly valid: Map<HospitalAddress, ValidUpdate | MaskedUpdate>;
  /** The bytes prove that it is invalid. */
  readonly invalid: Map<HospitalAddress, InvalidUpdate>;
  /** A part of it could not be fetched. */
  readonly missing: Map<HospitalAddress, FedError>;
}

/** Yields after every update. */
export async function* checkUpdates(
  ports: CollectPorts,
  { state, context }: { state: RoundState; context: RoundContext },
  { maxModelBytes, ...waiting }: { maxModelBytes: number } & Waiting,
): AsyncGenerator<{ readonly done: number }, CheckedUpdates> {
  const checked: CheckedUpdates = { valid: new Map(), invalid: new Map(), missing: new Map() };
  const check = async (commitment: Commitment) => {
    const { member } = commitment;
    try {
      const found = await collectUpdate(ports, { commitment, round: state, context }, { maxModelBytes, ...waiting });
      if (found.status === "invalid") checked.invalid.set(member, found);
      else checked.valid.set(member, found);
    } catch (error) {
      if (!isFedError(error) || error.code === "ABORTED") throw error;
      checked.missing.set(member, error);
    }
  };
  const { commitments } = state;
  for (let start = 0; start < commitments.length; start += atOnce) {
    await Promise.all(commitments.slice(start, start + atOnce).map(check));
    yield { done: Math.min(commitments.length, start + atOnce) };
  }
  return checked;
}

/**
 * Reports updates that are invalid or could not be fetched. An invalid one is broken only if it was averaged. audit-proposal.ts
 * decides which updates a proposal must not leave out.
 * @param accepted the proposal that became the model; undefined where none did
 */
export function reportUpdates(
  findings: RoundFindings,
  { invalid, missing }: CheckedUpdates,
  { record, context, accepted }: { record: AuditedRound; context: RoundContext; accepted: Proposal | undefined },
): void {
  const { state } = record;
  const hasWaited = accepted?.hasWaited ?? false;
  for (const { member: hospital, manifest } of state.commitments) {
    const isIn = accepted?.included.includes(hospital) ?? false;
    const bad = invalid.get(hospital);
    if (bad) {
      const about = { hospital, object: "manifest", digest: manifest, ...expectation(bad) } as const;
      if (isIn)
        findings.add("broken", "INVALID_INCLUDED", `an update was averaged that is not valid: ${bad.code}`, about);
      else
        findings.add("note", "INVALID_LEFT_OUT", `an invalid update was left out, as it must be: ${bad.code}`, about);
    }
    const error = missing.get(hospital);
    if (error) {
      const digest = (error.facts["digest"] as Digest | undefined) ?? manifest;
      const object = digest === manifest ? "manifest" : context.bases.includes(digest) ? "model" : "update";
      // With private sums the seal has chosen, and only what it includes is summed (audit-sum.ts).
      const matters = isIn || (accepted !== undefined && !hasWaited && !state.seal);
      findings.object(error, { hospital, object, digest }, { missing: matters ? "unavailable" : "note" });
    }
  }
}

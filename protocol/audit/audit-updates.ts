// Every update that a hospital committed to in a round, brought here and held against chain, plan and signature.

import { type FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Commitment, Proposal, RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { type CollectPorts, collectUpdate, type InvalidUpdate, type ValidUpdate } from "../judge/collect.ts";
import type { RoundContext } from "../judge/round-context.ts";
import { expectation, type RoundFindings } from "./find.ts";
import type { AuditedRound } from "./replay.ts";

/** Updates that are fetched at the same time. */
const atOnce = 4;

export interface CheckedUpdates {
  readonly valid: Map<HospitalAddress, ValidUpdate>;
  /** What the update's own bytes prove. */
  readonly invalid: Map<HospitalAddress, InvalidUpdate>;
  /** Something of it could not be had. */
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
      if (found.status === "valid") checked.valid.set(member, found);
      else checked.invalid.set(member, found);
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
 * Says what is wrong with updates. A bad update is the round's fault only if it was averaged. A valid one may be left
 * out once the time for serving it is over, if the others agree that nobody served it: that is worth a note.
 * @param accepted the proposal that became the model; undefined where none did
 */
export function reportUpdates(
  findings: RoundFindings,
  { valid, invalid, missing }: CheckedUpdates,
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
      else findings.add("note", "INVALID_LEFT_OUT", `an update was rightly left out: ${bad.code}`, about);
    }
    const error = missing.get(hospital);
    if (error) {
      const digest = (error.facts["digest"] as Digest | undefined) ?? manifest;
      const object = digest === manifest ? "manifest" : context.bases.includes(digest) ? "model" : "update";
      const matters = isIn || (accepted !== undefined && !hasWaited);
      findings.object(error, { hospital, object, digest }, { missing: matters ? "unavailable" : "note" });
    }
    const update = valid.get(hospital)?.manifest.update;
    if (!update || !accepted || isIn) continue;
    const about = { hospital, object: "update", digest: update } as const;
    if (hasWaited) {
      findings.add(
        "note",
        "LATE_LEFT_OUT",
        "a valid update was left out, after the time for serving it was over",
        about,
      );
    } else findings.add("broken", "DROPPED_UPDATE", "a valid update was left out of the model", about);
  }
}

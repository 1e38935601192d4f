// What a hospital may commit to, and until when.
import { zeroDigest } from "../../format/digest.ts";
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import { nextCommitmentsHash } from "../commitments-hash.ts";
import type { ContractEvent, EventOf } from "../events.ts";
import { activeIndexOf, type ContractState, type RoundRecord } from "../state.ts";

/** The hash covers all commitments of the history, including those that break a rule. */
export function commitUpdate(before: ContractState, event: EventOf<"update-committed">): Outcome {
  const state = { ...before, commitmentsHash: nextCommitmentsHash(before.commitmentsHash, event) };
  const { round, terms } = state;
  const { member: signer, manifest, sampleCount, time } = event;
  if (round?.id !== event.round) {
    return { state, broken: [{ rule: "ROUND_MISMATCH", round: event.round, about: event.kind }] };
  }
  const about = { round: round.id, account: signer, digest: manifest };
  const broken: BrokenRule[] = [];
  const member = activeIndexOf(state, signer);
  const isOfRound = member !== undefined && round.members.includes(member);
  const isDuplicate = round.commitments.some((each) => each.member === member);
  if (!isOfRound) broken.push({ rule: "COMMITMENT_NOT_MEMBER", ...about });
  else if (isDuplicate) broken.push({ rule: "COMMITMENT_DUPLICATE", ...about });
  if (round.status !== "committing") broken.push({ rule: "COMMITMENT_STATUS", ...about, found: round.status });
  if (time > round.commitBy) {
    broken.push({ rule: "COMMITMENT_LATE", ...about, expected: `${round.commitBy}`, found: `${time}` });
  }
  if (manifest === zeroDigest) broken.push({ rule: "DIGEST_ZERO", ...about, about: event.kind });
  const cap = terms?.sampleCap ?? 2 ** 20;
  if (sampleCount < 1 || sampleCount > cap) {
    broken.push({ rule: "COMMITMENT_SAMPLE_COUNT", ...about, expected: `1 to ${cap}`, found: `${sampleCount}` });
  }
  if (!isOfRound || isDuplicate) return { state, broken };
  const commitments = [...round.commitments, { member, signer, manifest, sampleCount }];
  const committed = { ...state, round: { ...round, commitments } };
  return { state: { ...committed, due: shorteningOf(committed, time) }, broken };
}

/** The earlier end of committing, where the newest commitment reaches the terms' share of hospitals. */
function shorteningOf({ round, terms }: ContractState, time: number): ContractEvent | undefined {
  if (!round || !terms || round.closeAt === 0 || round.commitments.length !== round.closeAt) return undefined;
  const commitBy = time + terms.gracePeriod;
  if (commitBy >= round.commitBy) return undefined;
  const proposeBy = commitBy + (round.proposeBy - round.commitBy);
  return { kind: "committing-shortened", round: round.id, commitBy, proposeBy };
}

export function shortenCommitting(
  state: ContractState,
  round: RoundRecord,
  { commitBy, proposeBy }: EventOf<"committing-shortened">,
  /** Whether the commitment before reached the share. */
  isExpected: boolean,
): Outcome {
  const deadline = proposeBy + (round.proposeBy - round.commitBy);
  const shortened = { ...round, commitBy, proposeBy, deadline, proposingSince: commitBy };
  return {
    state: { ...state, round: shortened },
    broken: isExpected ? [] : [{ rule: "SHORTENED_UNFOUNDED", round: round.id, found: `${commitBy}` }],
  };
}

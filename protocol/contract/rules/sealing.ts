// Federations with private sums: what they were founded with, and which set of updates a round seals.
import { zeroDigest } from "../../format/digest.ts";
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { EventOf } from "../events.ts";
import {
  type Account,
  activeIndexOf,
  type ContractState,
  everIndexOf,
  isSameAccount,
  type RoundRecord,
  type SealRecord,
  withFailedOpener,
} from "../state.ts";

/** With fewer a sum would show too much to a hospital that knows its own part of it. */
export const fewestPrivateHospitals = 4;

/** The fewest updates of a model: with private sums more than two thirds of the round's hospitals too. */
export function fewestUpdates(
  { terms, privateSums }: Pick<ContractState, "terms" | "privateSums">,
  { members }: Pick<RoundRecord, "members">,
): number {
  const least = terms?.minUpdates ?? 1;
  return hasPrivateSums({ privateSums }) ? Math.max(least, Math.floor((2 * members.length) / 3) + 1) : least;
}

/** False also for a federation that only carries what its predecessors spent. */
export function hasPrivateSums({ privateSums }: Pick<ContractState, "privateSums">): boolean {
  return privateSums !== undefined && privateSums.maxSeals > 0;
}

/** The contract's constructor emits this event behind that of the founding, before there are members. */
export function foundPrivateSums(state: ContractState, event: EventOf<"private-sums-founded">): Outcome {
  const { mechanism, maxSeals, seals } = event;
  const isFounding = state.members.length === 0 && state.plan === undefined && state.privateSums === undefined;
  const isWhole = (mechanism === zeroDigest) === (maxSeals === 0);
  const isLeft = maxSeals === 0 || seals < maxSeals;
  const found = `${mechanism} ${seals} of ${maxSeals}`;
  return {
    state: { ...state, privateSums: state.privateSums ?? { mechanism, maxSeals, seals } },
    broken: isFounding && isWhole && isLeft ? [] : [{ rule: "PRIVATE_SUMS_INVALID", found }],
  };
}

export function sealRound(state: ContractState, round: RoundRecord, event: EventOf<"round-sealed">): Outcome {
  const { member: key, seals, proposeBy, time } = event;
  const by: Account = { index: activeIndexOf(state, key), key };
  const about = { round: round.id, account: key };
  const broken = [...brokenByTurn(state, round, { by, time }), ...brokenByContent(state, round, event)].map((each) => ({
    ...about,
    ...each,
  }));
  // A round has one seal: a second one, which the contract never emits, replaces nothing.
  if (round.seal) return { state, broken };
  const period = proposePeriod(round);
  const isOpeners = isSameAccount(by, round.opener);
  const due = isOpeners ? time + period : time;
  if (proposeBy !== due) broken.push({ ...about, rule: "SEAL_DEADLINE", expected: `${due}`, found: `${proposeBy}` });
  const seal: SealRecord = {
    by,
    included: event.included.flatMap((address) => everIndexOf(state, address) ?? []).sort((a, b) => a - b),
    hasWaited: time > round.proposingSince + period / 2,
    proposeBy,
  };
  const { privateSums } = state;
  const sealed: ContractState = {
    ...state,
    privateSums: privateSums && { ...privateSums, seals },
    round: { ...round, status: "sealed", seal, deadline: proposeBy + period, proposingSince: time },
  };
  return { state: isOpeners ? sealed : withFailedOpener(sealed), broken };
}

/** Rules about the member that seals, and about the moment. */
function brokenByTurn(
  state: ContractState,
  { status, opener, members, commitments, commitBy, proposeBy }: RoundRecord,
  { by, time }: { readonly by: Account; readonly time: number },
): BrokenRule[] {
  const broken: BrokenRule[] = [];
  if (!hasPrivateSums(state)) broken.push({ rule: "SEALS_NONE" });
  if (by.index === undefined) broken.push({ rule: "SEALER_NOT_MEMBER" });
  if (status !== "committing") return [...broken, { rule: "SEAL_STATUS", found: status }];
  if (commitments.length < members.length && time <= commitBy) broken.push({ rule: "SEAL_EARLY" });
  if (!isSameAccount(by, opener) && time <= proposeBy) broken.push({ rule: "SEAL_RESERVED" });
  return broken;
}

/** Rules about what the seal says. */
function brokenByContent(
  state: ContractState,
  round: RoundRecord,
  { included, seals, commitmentsHash }: EventOf<"round-sealed">,
): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const strangers = included.filter((address) => {
    const index = everIndexOf(state, address);
    return !round.commitments.some(({ member }) => member === index);
  });
  if (strangers.length > 0) broken.push({ rule: "SEAL_NOT_COMMITTED", found: strangers.join(" ") });
  const fewest = fewestUpdates(state, round);
  if (included.length < fewest) {
    broken.push({ rule: "SEAL_TOO_FEW_UPDATES", expected: `${fewest}`, found: `${included.length}` });
  }
  const next = (state.privateSums?.seals ?? 0) + 1;
  if (seals !== next) broken.push({ rule: "SEAL_COUNT", expected: `${next}`, found: `${seals}` });
  if (commitmentsHash !== state.commitmentsHash) {
    broken.push({ rule: "COMMITMENTS_HASH", expected: state.commitmentsHash, found: commitmentsHash });
  }
  return broken;
}

function proposePeriod({ commitBy, proposeBy }: RoundRecord): number {
  return proposeBy - commitBy;
}

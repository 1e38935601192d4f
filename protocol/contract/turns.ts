// Which member acts when, by chain time: the opener first, then the others in an order that all of them compute, some
// seconds apart. So a federation continues without its aggregator, and seldom pays for two transactions that do the same.
import type { HospitalAddress } from "../format/digest.ts";
import type { RoundState } from "./round.ts";

/** Most seconds between one member's turn and the next one's. */
const longestStepSeconds = 15;

/** How many members act before this one; the order rotates with each round and each failed proposal. */
export function turnOf(round: RoundState, self: HospitalAddress): number {
  const position = round.members.indexOf(self);
  if (position < 0) return round.members.length; // an aggregator that did not open this round
  const shift = round.id + round.proposals.length;
  return (position + round.members.length - (shift % round.members.length)) % round.members.length;
}

/** Seconds in which only the opener proposes first, and then every member may. */
export function proposePeriod(round: RoundState): number {
  return round.proposeBy - round.commitBy;
}

function turnDelay(round: RoundState, self: HospitalAddress): number {
  const step = Math.floor(proposePeriod(round) / (2 * (round.members.length + 1)));
  return turnOf(round, self) * Math.min(longestStepSeconds, Math.max(1, step));
}

/** Whether every hospital of the round has committed. */
export function allCommitted(round: RoundState): boolean {
  return round.commitments.length === round.members.length;
}

/** Whether the contract accepts a seal of this member now, and it is this member's turn; only with private sums. */
export function maySeal(round: RoundState, self: HospitalAddress, now: number): boolean {
  return round.status === "committing" && mayEndCommitting(round, self, now);
}

/** Whether this member may make the first proposal, or with private sums the seal, now. */
function mayEndCommitting(round: RoundState, self: HospitalAddress, now: number): boolean {
  if (!allCommitted(round) && now <= round.commitBy) return false;
  return round.opener === self || now > round.proposeBy + turnDelay(round, self);
}

/** Whether the contract accepts a proposal of this member now, and it is this member's turn; without private sums. */
export function mayPropose(round: RoundState, self: HospitalAddress, now: number): boolean {
  if (round.proposals.some(({ proposer, status }) => proposer === self && status === "refused")) return false;
  if (round.status === "committing") return mayEndCommitting(round, self, now);
  if (round.seal && round.status === "sealed") {
    return round.opener === self || now > round.seal.proposeBy + turnDelay(round, self);
  }
  if (round.status !== "proposing") return false;
  return now >= round.deadline - proposePeriod(round) + turnDelay(round, self);
}

/**
 * Whether a proposer has waited long enough for updates that no member serves: it may leave them out then. The first half
 * of the time for proposals is for fetching, the second for proposing.
 */
function hasWaited(round: RoundState, now: number): boolean {
  const half = proposePeriod(round) / 2;
  if (round.status === "committing") {
    return now > (now > round.proposeBy ? round.proposeBy : round.commitBy + half);
  }
  return now > round.deadline - half;
}

/**
 * Whether a proposer may leave out an update that it does not have: it has waited long enough, and a fetch has failed or it
 * could fetch for a quarter of the time. So a party that starts late tries to fetch an update before it leaves it out.
 * @param fetchingSince chain time since which this process could fetch updates
 * @param failedFetches failed attempts to fetch this update since the newest proposal
 */
export function mayLeaveOut(
  round: RoundState,
  { now, fetchingSince, failedFetches }: { now: number; fetchingSince: number; failedFetches: number },
): boolean {
  return hasWaited(round, now) && (failedFetches > 0 || now > fetchingSince + proposePeriod(round) / 4);
}

/** Whether a deadline has passed that this member should move the round on from. */
export function expiryDue(round: RoundState, minUpdates: number, self: HospitalAddress, now: number): boolean {
  if (round.status === "final" || round.status === "abandoned") return false;
  const apart = Math.min(longestStepSeconds, self === round.opener ? 0 : turnOf(round, self));
  const tooFew = round.status === "committing" && round.commitments.length < minUpdates;
  return now > (tooFew ? round.commitBy : round.deadline) + apart;
}

/** Whether this member should open the next round, because the last opener has not. */
export function mayOpenAfter(round: RoundState, self: HospitalAddress, now: number): boolean {
  if (round.status !== "final" && round.status !== "abandoned") return false;
  // An opener that failed has to wait, so that the others need not.
  const since = round.openerFailed && round.status === "final" ? round.deadline - proposePeriod(round) : round.deadline;
  return now > since + turnDelay(round, self);
}

/**
 * How many members send a batch of signed writes before this one: first the round's opener, then the hospitals in the order
 * of turns, without those that are known to have no gas; then other aggregators.
 */
export function senderTurn(round: RoundState, self: HospitalAddress, gasless: ReadonlySet<HospitalAddress>): number {
  if (self === round.opener) return 0;
  const own = turnOf(round, self);
  return 1 + round.members.filter((member) => !gasless.has(member) && turnOf(round, member) < own).length;
}

export interface BatchTime {
  /** Chain time at which the oldest signed write of the batch came, seconds. */
  readonly since: number;
  /** Chain time since which nobody else is awaited; undefined while somebody is. */
  readonly completeAt: number | undefined;
  /** Last chain time at which the contract takes the batch. */
  readonly deadline: number;
  /** Longest time that the batch waits for more writes, seconds. */
  readonly longestWait: number;
}

/**
 * Chain time from which a member sends a batch, if the members before it have not. A batch waits at most a quarter of the
 * time that is left, and the members' turns take another quarter: in the last quarter hospitals send for themselves.
 */
export function batchDue(
  round: RoundState,
  turn: number,
  { since, completeAt, deadline, longestWait }: BatchTime,
): number {
  const quarter = Math.max(0, deadline - since) / 4;
  const waited = since + Math.min(longestWait, quarter);
  const step = Math.min(longestStepSeconds, Math.max(1, Math.floor(quarter / (round.members.length + 2))));
  return Math.min(completeAt ?? waited, waited) + turn * step;
}

/**
 * Chain time at which three quarters of the time have passed: from then on a hospital without gas tries to send its own write,
 * and a member whose own is missing sends those of others.
 */
export function ownSendingDue({ since, deadline }: Pick<BatchTime, "since" | "deadline">): number {
  return deadline - Math.max(0, deadline - since) / 4;
}

// Who may open a round, when, and on which model.
import { zeroDigest } from "../../format/digest.ts";
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { EventOf } from "../events.ts";
import { activeHospitals, activeIndexOf, type ContractState, everIndexOf, isOver, type RoundRecord } from "../state.ts";
import { fewestPrivateHospitals, hasPrivateSums } from "./sealing.ts";

export function openRound(before: ContractState, event: EventOf<"round-opened">): Outcome {
  const state: ContractState = { ...before, terms: before.nextTerms ?? before.terms, nextTerms: undefined };
  const { round: id, kind: _, opener: key, plan, base, members, commitBy, proposeBy, ...openedAt } = event;
  const opener = { index: activeIndexOf(state, key), key };
  const round: RoundRecord = {
    id,
    status: "committing",
    opener,
    plan,
    base,
    members: members.flatMap((address) => everIndexOf(state, address) ?? []).sort((a, b) => a - b),
    openedAt,
    commitBy,
    proposeBy,
    deadline: proposeBy + (proposeBy - commitBy),
    proposingSince: commitBy,
    closeAt: Math.ceil((members.length * (state.terms?.earlyShare ?? 0)) / 100),
    openerFailed: false,
    endedAt: undefined,
    commitments: [],
    seal: undefined,
    proposals: [],
    model: undefined,
  };
  const broken = [...brokenByTurn(state, round), ...brokenByContent(state, event)];
  return { state: { ...state, round }, broken: broken.map((each) => ({ round: id, ...each })) };
}

/** Rules about the opener, and about the round before. */
function brokenByTurn({ round: before, members }: ContractState, { id, opener, openedAt }: RoundRecord): BrokenRule[] {
  const broken: BrokenRule[] = [];
  if (opener.index === undefined) broken.push({ rule: "OPENER_NOT_MEMBER", account: opener.key });
  const expected = (before?.id ?? 0) + 1;
  if (id !== expected) broken.push({ rule: "ROUND_ORDER", expected: `${expected}`, found: `${id}` });
  if (!before) return broken;
  if (!isOver(before)) broken.push({ rule: "ROUND_OVERLAP", about: before.status, found: `${before.id}` });
  const openFrom = opener.index === undefined ? 0 : members[opener.index]!.openFrom;
  if (openFrom > id && openedAt.time <= before.deadline) {
    const facts = { expected: `after ${before.deadline}`, found: `${openedAt.time}` };
    broken.push({ rule: "OPENER_MUST_WAIT", account: opener.key, ...facts });
  }
  return broken;
}

/** Rules about what the opening says. */
function brokenByContent(state: ContractState, event: EventOf<"round-opened">): BrokenRule[] {
  const { plan, base, members, commitBy, proposeBy, time } = event;
  const { terms, latestModel, plan: agreed } = state;
  const broken: BrokenRule[] = [];
  if (plan === zeroDigest || base === zeroDigest) broken.push({ rule: "DIGEST_ZERO", about: event.kind });
  if (plan !== agreed) broken.push({ rule: "PLAN_NOT_AGREED", digest: plan, expected: agreed ?? "none", found: plan });
  if (base !== latestModel) {
    broken.push({ rule: "BASE_NOT_LAST_MODEL", digest: base, expected: latestModel ?? "none", found: base });
  }
  const active = activeHospitals(state);
  const found = members.map((address) => everIndexOf(state, address));
  if (active.length !== found.length || active.some(({ index }, at) => found[at] !== index)) {
    const expected = active.map((member) => member.key).join(" ");
    broken.push({ rule: "ROUND_MEMBERS", expected, found: members.join(" ") });
  }
  if (state.privateSums && hasPrivateSums(state) && state.privateSums.seals >= state.privateSums.maxSeals) {
    broken.push({ rule: "SEALS_EXHAUSTED", expected: `${state.privateSums.maxSeals}` });
  }
  if (!terms) return [{ rule: "TERMS_UNKNOWN" }, ...broken];
  const { commitPeriod, proposePeriod, minUpdates } = terms;
  const fewest = hasPrivateSums(state) ? Math.max(minUpdates, fewestPrivateHospitals) : minUpdates;
  if (active.length < fewest) {
    broken.push({ rule: "ROUND_TOO_FEW_HOSPITALS", expected: `${fewest}`, found: `${active.length}` });
  }
  const due = [time + commitPeriod, time + commitPeriod + proposePeriod];
  if (commitBy !== due[0] || proposeBy !== due[1]) {
    broken.push({ rule: "ROUND_DEADLINES", expected: due.join(" "), found: `${commitBy} ${proposeBy}` });
  }
  return broken;
}

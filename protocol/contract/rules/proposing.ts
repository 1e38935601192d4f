// Who may propose a model, when, and from whose updates.
import { type HospitalAddress, zeroDigest } from "../../format/digest.ts";
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { EventOf } from "../events.ts";
import {
  type Account,
  activeIndexOf,
  type ContractState,
  everIndexOf,
  isExhausted,
  isSameAccount,
  type ProposalRecord,
  type RoundRecord,
  type SealRecord,
  withFailedOpener,
} from "../state.ts";
import { hasPrivateSums } from "./sealing.ts";

export function proposeModel(state: ContractState, round: RoundRecord, event: EventOf<"model-proposed">): Outcome {
  const { number, proposer: key, model, attestBy, time } = event;
  const proposer: Account = { index: activeIndexOf(state, key), key };
  const proposal: ProposalRecord = {
    number,
    proposer,
    model,
    included: event.included.flatMap((address) => everIndexOf(state, address) ?? []),
    attestBy,
    attestations: [],
    hasWaited: time > round.proposingSince + (round.proposeBy - round.commitBy) / 2,
    status: "open",
  };
  const about = { round: round.id, proposal: number, account: key, digest: model };
  const broken = [...brokenByTurn(state, round, { proposer, time }), ...brokenByContent(state, round, event)];
  const proposals = [...round.proposals, proposal];
  const proposed: ContractState = { ...state, round: { ...round, status: "proposed", deadline: attestBy, proposals } };
  const isFirst = round.status === "committing" || round.status === "sealed";
  const isInOpenersPlace = isFirst && !isSameAccount(proposer, round.opener);
  return {
    state: isInOpenersPlace ? withFailedOpener(proposed) : proposed,
    broken: broken.map((each) => ({ ...about, ...each })),
  };
}

/** Rules about the proposer, and about the moment. */
function brokenByTurn(
  state: ContractState,
  { status, opener, members, commitments, proposals, commitBy, proposeBy, seal }: RoundRecord,
  { proposer, time }: { readonly proposer: Account; readonly time: number },
): BrokenRule[] {
  const broken: BrokenRule[] = [];
  if (proposer.index === undefined) broken.push({ rule: "PROPOSER_NOT_MEMBER" });
  if (proposals.some((each) => each.status === "refused" && isSameAccount(each.proposer, proposer))) {
    broken.push({ rule: "PROPOSER_REFUSED" });
  }
  if (status === "sealed") {
    if (seal && !isSameAccount(proposer, opener) && time <= seal.proposeBy) broken.push({ rule: "PROPOSAL_RESERVED" });
  } else if (status === "committing" && !hasPrivateSums(state)) {
    if (commitments.length < members.length && time <= commitBy) broken.push({ rule: "PROPOSAL_EARLY" });
    if (!isSameAccount(proposer, opener) && time <= proposeBy) broken.push({ rule: "PROPOSAL_RESERVED" });
  } else if (status !== "proposing") broken.push({ rule: "PROPOSAL_STATUS", found: status });
  if (isExhausted(state, { proposals })) {
    broken.push({ rule: "PROPOSALS_EXHAUSTED", expected: `${state.terms?.maxExpired}` });
  }
  return broken;
}

/** Rules about what the proposal says. */
function brokenByContent(
  state: ContractState,
  { commitments, proposals, seal }: RoundRecord,
  event: EventOf<"model-proposed">,
): BrokenRule[] {
  const { number, model, included, attestBy, commitmentsHash, time } = event;
  const { terms } = state;
  const broken: BrokenRule[] = [];
  const next = proposals.length + 1;
  if (number !== next) broken.push({ rule: "PROPOSAL_NUMBER", expected: `${next}`, found: `${number}` });
  if (model === zeroDigest) broken.push({ rule: "DIGEST_ZERO", about: event.kind });
  if (commitmentsHash !== state.commitmentsHash) {
    broken.push({ rule: "COMMITMENTS_HASH", expected: state.commitmentsHash, found: commitmentsHash });
  }
  const strangers = included.filter((address) => {
    const index = everIndexOf(state, address);
    return !commitments.some(({ member }) => member === index);
  });
  if (strangers.length > 0) broken.push({ rule: "PROPOSAL_NOT_COMMITTED", found: strangers.join(" ") });
  if (hasPrivateSums(state) && seal && !isSealed(state, seal, included)) {
    broken.push({ rule: "PROPOSAL_NOT_SEALED", found: included.join(" ") });
  }
  const least = terms?.minUpdates ?? 1;
  if (included.length < least) {
    broken.push({ rule: "PROPOSAL_TOO_FEW_UPDATES", expected: `${least}`, found: `${included.length}` });
  }
  if (terms && attestBy !== time + terms.attestPeriod) {
    broken.push({ rule: "PROPOSAL_DEADLINE", expected: `${time + terms.attestPeriod}`, found: `${attestBy}` });
  }
  return broken;
}

/** Whether these are the sealed hospitals, no more and no fewer. */
function isSealed(
  state: ContractState,
  { included: sealed }: SealRecord,
  included: readonly HospitalAddress[],
): boolean {
  const indices = new Set(included.map((address) => everIndexOf(state, address)));
  return indices.size === sealed.length && sealed.every((index) => indices.has(index));
}

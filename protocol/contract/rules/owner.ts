// What the contract's owner decides besides membership: where the federation starts, the terms, pauses.
import { zeroDigest } from "../../format/digest.ts";
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { EventOf, RoundTerms } from "../round.ts";
import { type ContractState, isOver } from "../state.ts";

const longestPeriod = 365 * 24 * 3600;
const longestPause = 30 * 24 * 3600;
const largestSampleCap = 2 ** 20;

export function foundFederation(state: ContractState, { genesis }: EventOf<"federation-founded">): Outcome {
  return { state: { ...state, latestModel: genesis === zeroDigest ? undefined : genesis }, broken: [] };
}

export function setTerms(state: ContractState, { terms }: EventOf<"terms-set">): Outcome {
  const broken: BrokenRule[] = [];
  const { round } = state;
  if (!areValid(terms)) broken.push({ rule: "TERMS_INVALID" });
  if (round && !isOver(round)) broken.push({ rule: "TERMS_WHILE_RUNNING", about: `${round.id}` });
  return { state: { ...state, terms }, broken };
}

export function pauseRounds(state: ContractState, { until, time }: EventOf<"rounds-paused">): Outcome {
  const latest = time + longestPause;
  const isTooLong = until > latest;
  return {
    state: { ...state, pausedUntil: until },
    broken: isTooLong ? [{ rule: "PAUSE_TOO_LONG", expected: `at most ${latest}`, found: `${until}` }] : [],
  };
}

function areValid(terms: RoundTerms): boolean {
  const { commitPeriod, proposePeriod, attestPeriod, minUpdates, maxProposals, sampleCap } = terms;
  return (
    [commitPeriod, proposePeriod, attestPeriod].every((period) => period >= 1 && period <= longestPeriod) &&
    minUpdates >= 1 &&
    maxProposals >= 1 &&
    sampleCap >= 1 &&
    sampleCap <= largestSampleCap
  );
}

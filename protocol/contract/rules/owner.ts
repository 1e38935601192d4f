// What the contract's owner decides besides membership: where the federation starts, the terms, pauses.
import { zeroDigest } from "../../format/digest.ts";
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { EventOf } from "../events.ts";
import type { RoundTerms } from "../round.ts";
import { type ContractState, isOver } from "../state.ts";

const longestPeriod = 365 * 24 * 3600;
const longestPause = 30 * 24 * 3600;
const largestSampleCap = 2 ** 20;

export function agreePlan(state: ContractState, { plan, genesis }: EventOf<"plan-agreed">): Outcome {
  const hasGenesis = genesis !== zeroDigest;
  const broken: BrokenRule[] = [];
  if (hasGenesis && state.round) broken.push({ rule: "GENESIS_FIXED", digest: genesis });
  // At the founding either may be left open; later a plan is named.
  const agreed = plan === zeroDigest ? state.plan : plan;
  if (plan === zeroDigest && (!hasGenesis || state.members.length > 0)) {
    broken.push({ rule: "DIGEST_ZERO", about: "plan-agreed" });
  }
  return { state: { ...state, plan: agreed, latestModel: hasGenesis ? genesis : state.latestModel }, broken };
}

/** Terms set while a round runs hold from the next opening on. */
export function setTerms(state: ContractState, { terms }: EventOf<"terms-set">): Outcome {
  const isRunning = state.round !== undefined && !isOver(state.round);
  return {
    state: isRunning ? { ...state, nextTerms: terms } : { ...state, terms, nextTerms: undefined },
    broken: areValid(terms) ? [] : [{ rule: "TERMS_INVALID" }],
  };
}

/** A running pause can only be cut short; from the end of one to the next it is as long as a pause may last. */
export function pauseRounds(state: ContractState, { until, time }: EventOf<"rounds-paused">): Outcome {
  const { pausedUntil } = state;
  const isPaused = time <= pausedUntil;
  const latest = isPaused ? pausedUntil : time + longestPause;
  const earliest = pausedUntil === 0 ? 0 : pausedUntil + longestPause;
  const broken: BrokenRule[] = [];
  if (until > latest) broken.push({ rule: "PAUSE_TOO_LONG", expected: `at most ${latest}`, found: `${until}` });
  else if (!isPaused && until < time) broken.push({ rule: "PAUSE_NOT_RUNNING" });
  else if (!isPaused && time <= earliest && earliest > 0) {
    broken.push({ rule: "PAUSE_TOO_SOON", expected: `after ${earliest}`, found: `${time}` });
  }
  // The end of a pause that is over stays on record.
  return { state: { ...state, pausedUntil: until < time ? time - 1 : until }, broken };
}

function areValid(terms: RoundTerms): boolean {
  const { commitPeriod, proposePeriod, attestPeriod, minUpdates, maxExpired, sampleCap, earlyShare, gracePeriod } =
    terms;
  return (
    [commitPeriod, proposePeriod, attestPeriod].every((period) => period >= 1 && period <= longestPeriod) &&
    minUpdates >= 1 &&
    maxExpired >= 1 &&
    sampleCap >= 1 &&
    sampleCap <= largestSampleCap &&
    earlyShare <= 100 &&
    (earlyShare === 0) === (gracePeriod === 0) &&
    gracePeriod <= longestPeriod
  );
}

// The verdict that a history deserves, from what its author knows.
import type { Severity } from "../../../protocol/audit/finding.ts";
import type { PlayedHistory, PlayedProposal, PlayedRound } from "./played.ts";

export interface ExpectedFault {
  readonly severity: Exclude<Severity, "note">;
  readonly round: number;
  readonly what: "plan" | "model" | "update" | "statement" | "too few";
  /** Index of the member whose doing or whose object it is; undefined where no single member's. */
  readonly who: number | undefined;
}

export interface Truth {
  readonly verdict: "verified" | "broken" | "unavailable" | "empty";
  readonly faults: readonly ExpectedFault[];
}

export function truthOf({ rounds }: PlayedHistory): Truth {
  const faults = rounds.flatMap(faultsOf);
  const finals = rounds.filter(({ proposals }) => proposals.some(({ isAccepted }) => isAccepted));
  const has = (severity: Severity) => faults.some((fault) => fault.severity === severity);
  const verdict = has("broken")
    ? "broken"
    : has("unavailable")
      ? "unavailable"
      : finals.length > 0
        ? "verified"
        : "empty";
  return { verdict, faults };
}

function faultsOf(round: PlayedRound): readonly ExpectedFault[] {
  const accepted = round.proposals.find(({ isAccepted }) => isAccepted);
  return [...contextFaults(round, accepted), ...modelFaults(round, accepted), ...statementFaults(round)];
}

/** A plan or base that is no such file does not hold, whether or not the round made a model. */
function contextFaults({ id: round, plan, base }: PlayedRound, accepted: PlayedProposal | undefined): ExpectedFault[] {
  const faults: ExpectedFault[] = [];
  for (const [what, state] of [
    ["plan", plan],
    ["model", base],
  ] as const) {
    const isUnfit = state === "unfit" && plan === "good";
    if (state === "bad" || isUnfit) faults.push({ severity: "broken", round, what, who: undefined });
    if (state === "missing" && accepted) faults.push({ severity: "unavailable", round, what, who: undefined });
  }
  return faults;
}

function modelFaults(played: PlayedRound, accepted: PlayedProposal | undefined): ExpectedFault[] {
  const { id: round, plan, base, commitments, leastUpdates } = played;
  if (!accepted) return [];
  const faults: ExpectedFault[] = [];
  const { proposer, included, isRight, isServed, hasWaited } = accepted;
  if (!isServed) faults.push({ severity: "unavailable", round, what: "model", who: undefined });
  if (plan !== "good" || base !== "good") return faults;
  for (const { member: who, update } of commitments) {
    const isIn = included.includes(who);
    if (update === "bad" && isIn) faults.push({ severity: "broken", round, what: "update", who });
    if (update === "good" && !isIn && !hasWaited) faults.push({ severity: "broken", round, what: "update", who });
    if (update === "missing" && (isIn || !hasWaited))
      faults.push({ severity: "unavailable", round, what: "update", who });
  }
  if (included.length < leastUpdates) faults.push({ severity: "broken", round, what: "too few", who: proposer });
  const areAllValid = included.every((member) => commitments.find((each) => each.member === member)?.update === "good");
  if (areAllValid && !isRight) faults.push({ severity: "broken", round, what: "model", who: proposer });
  return faults;
}

function statementFaults({ id: round, proposals }: PlayedRound): ExpectedFault[] {
  return proposals.flatMap(({ votes }) =>
    votes.flatMap(({ member: who, statement }) => {
      if (statement === "good") return [];
      return [
        {
          severity: statement === "bad" ? ("broken" as const) : ("unavailable" as const),
          round,
          what: "statement" as const,
          who,
        },
      ];
    }),
  );
}

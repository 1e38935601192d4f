// A pure fold: what the page shows after one more thing was told. What has not changed keeps its identity, so that only
// what has changed is sent.
import type { RoundState } from "../../protocol/contract/round.ts";
import type { AuditedRound, DashboardInput, GasSpent, ToldEvent } from "./inputs.ts";
import { remedyFor } from "./remedies.ts";
import {
  type DashboardState,
  keptRounds,
  keptWarnings,
  longestText,
  type Part,
  type RoundShown,
  type Warning,
} from "./state.ts";

export function fold(state: DashboardState, input: DashboardInput): DashboardState {
  switch (input.kind) {
    case "event":
      return foldEvent(state, input.event);
    case "log":
      return { ...state, warnings: withWarning(state.warnings, input) };
    case "chain":
      return foldChain(state, input);
    case "names": {
      const named = new Set(input.members.map(({ address }) => address));
      const others = state.members.filter(({ address }) => !named.has(address));
      return { ...state, members: [...input.members.map((each) => ({ ...each, active: true })), ...others] };
    }
    case "about":
      return { ...state, about: { ...state.about, ...input.about } };
    case "sight": {
      const sight = { ...input.sight, at: input.at };
      const others = state.sights.filter(({ party }) => party !== sight.party);
      const sights = [...others, sight].sort((a, b) => (a.party < b.party ? -1 : 1));
      return { ...state, sights };
    }
    case "audited-round":
      return withRound(state, input.report.round, (round) => audited(round, input.report));
    case "audited": {
      const { verdict, first, privacyCost } = input.report;
      const privacy = privacyCost && {
        openings: privacyCost.openings,
        epsilon: privacyCost.epsilon,
        delta: privacyCost.delta,
      };
      const said = first && short(`${first.code}: ${first.text}`);
      return { ...state, audit: { verdict, first: said, at: input.at, privacy } };
    }
    case "gas":
      return foldGas(state, input.spent);
    case "round-times":
      return input.times.reduce(
        (folded, { round, trainingSeconds, overheadSeconds }) =>
          withRound(folded, round, (shown) => ({ ...shown, trainingSeconds, overheadSeconds })),
        state,
      );
    case "round-scores":
      return input.rounds.reduce(
        (folded, { round, validation }) => withRound(folded, round, (shown) => ({ ...shown, validation })),
        state,
      );
    case "scores":
      return { ...state, scores: input.scores };
  }
}

function foldEvent(state: DashboardState, event: ToldEvent): DashboardState {
  const teller = event.hospital ?? event.aggregator ?? "";
  const isSelf = state.about.self !== undefined;
  if (isSelf && event.event.startsWith("waiting-")) return withStage(state, event.event.replaceAll("-", " "));
  if (isSelf && event.event === "ready") return withStage(state, "taking part");
  if (isSelf && event.event === "revoked") return withStage(state, "revoked by the consortium");
  if (isSelf && event.event === "finished") return withStage(state, "all rounds are final");
  if (event.round === undefined) return state;
  const part = (hospital: string, change: (part: Part) => Part) =>
    withRound(state, event.round!, (round) => withPart(round, hospital, change));
  switch (event.event) {
    case "round-opened":
      return withRound(state, event.round, (round) => ({ ...round, opener: event.opener }));
    case "training": {
      const { step = 0, steps = 0, loss = 0 } = event;
      return part(teller, (own) => ({ ...own, training: { step, steps, loss: Number.isFinite(loss) ? loss : 0 } }));
    }
    case "trained":
      return part(teller, (own) => ({ ...own, trainedSeconds: event.seconds, updateBytes: event.updateBytes }));
    case "committed":
      return part(teller, (own) => ({ ...own, samples: event.sampleCount }));
    case "collected":
      return part(event.member ?? "", (other) =>
        other.fetchedBy.includes(teller) ? other : { ...other, fetchedBy: [...other.fetchedBy, teller] },
      );
    case "invalid-update":
      return part(event.member ?? "", (other) => ({ ...other, invalid: short(event.code ?? "") }));
    case "attested":
      return part(teller, (own) => ({ ...own, vote: event.agree ? "agreed" : "refused" }));
    case "proposed":
      return withRound(state, event.round, (round) =>
        round.status === "final" ? round : { ...round, status: "proposed", proposals: Math.max(1, round.proposals) },
      );
    case "adopted":
      return withRound(state, event.round, (round) =>
        withPart({ ...round, status: "final", model: event.model }, teller, (own) => ({ ...own, adopted: true })),
      );
    case "final":
      return withRound(state, event.round, (round) => ({ ...round, status: "final", model: event.model }));
    case "round-abandoned":
      return withRound(state, event.round, (round) => ({ ...round, status: "abandoned" }));
    case "late":
      return withRound(state, event.round, (round) =>
        (event.members ?? []).reduce(
          (marked, each) => withPart(marked, each, (own) => ({ ...own, late: true })),
          round,
        ),
      );
    default:
      return state;
  }
}

function withStage(state: DashboardState, stage: string): DashboardState {
  return { ...state, about: { ...state.about, stage } };
}

function foldChain(state: DashboardState, read: DashboardInput & { kind: "chain" }): DashboardState {
  const names = new Map(state.members.map(({ address, name }) => [address, name]));
  const members = read.members.map(({ address, role, active }) => ({
    address,
    name: names.get(address),
    role,
    active,
  }));
  const newest = read.rounds.at(-1);
  const { rounds } = state;
  // After a reorganisation the chain may show fewer rounds than were told.
  const kept = newest ? rounds.filter(({ round }) => round <= newest.id) : rounds;
  const start = {
    ...state,
    members: sameOr(state.members, members),
    rounds: kept.length === rounds.length ? rounds : kept,
    chain: { time: read.time, readAt: read.readAt },
  };
  return read.rounds.reduce<DashboardState>(
    (folded, each) => withRound(folded, each.id, (shown) => ofChain(shown, each, read.time)),
    start,
  );
}

/** The chain decides over what events told before. */
function ofChain(shown: RoundShown, round: RoundState, now: number): RoundShown {
  const proposal = round.proposals.at(-1);
  const hasCommittingEnded = round.status !== "committing" || now > round.commitBy;
  const parts = round.members.map((hospital) => {
    const before = shown.parts.find((each) => each.hospital === hospital) ?? emptyPart(hospital);
    const samples = round.commitments.find(({ member }) => member === hospital)?.sampleCount;
    const vote = proposal?.attestations.find(({ member }) => member === hospital);
    const part: Part = {
      ...before,
      samples,
      late: samples === undefined && hasCommittingEnded ? true : undefined,
      vote: vote && (vote.agree ? "agreed" : "refused"),
    };
    return sameOr(before, part);
  });
  return {
    ...shown,
    status: round.status,
    opener: round.opener,
    plan: round.plan,
    base: round.base,
    model: round.model,
    commitBy: round.commitBy,
    proposeBy: round.proposeBy,
    attestBy: round.attestBy,
    proposals: round.proposals.length,
    included: [...(proposal?.included ?? [])],
    parts,
  };
}

function audited(shown: RoundShown, report: AuditedRound): RoundShown {
  const fault = report.findings.find(({ severity }) => severity !== "note");
  const { validation } = report;
  const accepted = report.proposals.find(({ status }) => status === "accepted");
  const parts = report.hospitals.reduce(
    (round, { hospital, contribution, share, sampleCount, updateBytes }) =>
      withPart(round, hospital, (part) => ({
        ...part,
        contribution,
        share: share ?? part.share,
        samples: part.samples ?? sampleCount,
        updateBytes: part.updateBytes ?? updateBytes,
        vote: part.vote ?? voteOf(accepted, hospital),
      })),
    shown,
  ).parts;
  return {
    ...shown,
    status: report.status,
    opener: report.opener,
    plan: report.plan,
    base: report.base,
    model: report.model,
    included: [...(accepted?.included ?? shown.included)],
    proposals: report.proposals.length,
    verdict: report.verdict,
    finding: fault && short(`${fault.code}: ${fault.text}`),
    validation: validation
      ? {
          patients: validation.patients,
          positives: validation.positives,
          auc: validation.auc,
          isAtChance: validation.isAtChance,
        }
      : shown.validation,
    parts,
  };
}

function voteOf(accepted: AuditedRound["proposals"][number] | undefined, hospital: string): Part["vote"] {
  const vote = accepted?.attestations.find((each) => each.hospital === hospital);
  return vote && (vote.agree ? "agreed" : "refused");
}

/** All that was spent so far, each time: a reorganisation can take a transaction away. */
function foldGas(state: DashboardState, spent: readonly GasSpent[]): DashboardState {
  const accounts = new Map<string, { account: string; gas: number; transactions: number }>();
  const ofRound = new Map<number, number>();
  for (const { round, account, gas } of spent) {
    const sum = accounts.get(account) ?? { account, gas: 0, transactions: 0 };
    accounts.set(account, { account, gas: sum.gas + gas, transactions: sum.transactions + 1 });
    ofRound.set(round, (ofRound.get(round) ?? 0) + gas);
  }
  const rounds = state.rounds.map((round) => sameOr(round, { ...round, gas: ofRound.get(round.round) ?? round.gas }));
  return { ...state, gas: [...accounts.values()], rounds: sameOr(state.rounds, rounds) };
}

function withRound(state: DashboardState, number: number, change: (round: RoundShown) => RoundShown): DashboardState {
  const at = state.rounds.findIndex(({ round }) => round === number);
  const before = at < 0 ? emptyRound(number) : state.rounds[at]!;
  const after = sameOr(before, change(before));
  if (at >= 0) return after === before ? state : { ...state, rounds: state.rounds.with(at, after) };
  const rounds = [...state.rounds, after].sort((a, b) => a.round - b.round).slice(-keptRounds);
  return { ...state, rounds };
}

function withPart(round: RoundShown, hospital: string, change: (part: Part) => Part): RoundShown {
  const at = round.parts.findIndex((each) => each.hospital === hospital);
  if (at < 0) return { ...round, parts: [...round.parts, change(emptyPart(hospital))] };
  const before = round.parts[at]!;
  const after = change(before);
  return after === before ? round : { ...round, parts: round.parts.with(at, after) };
}

function emptyRound(round: number): RoundShown {
  return {
    ...{ round, status: "committing", commitBy: 0, proposeBy: 0, attestBy: 0, proposals: 0 },
    ...{ included: [], parts: [] },
  };
}

function emptyPart(hospital: string): Part {
  return { hospital, fetchedBy: [] };
}

function withWarning(
  warnings: readonly Warning[],
  { at, level, party, event, facts }: DashboardInput & { kind: "log" },
): Warning[] {
  const listed = Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([fact, value]) => `${fact}=${String(value)}`);
  const code = typeof facts["code"] === "string" ? facts["code"] : undefined;
  const warning: Warning = {
    ...{ at, level, party: short(party), event: short(event), facts: short(listed.join(" ")) },
    remedy: short(remedyFor(event, code)),
    times: 1,
  };
  const isSame = (each: Warning) =>
    each.party === warning.party && each.event === warning.event && each.remedy === warning.remedy;
  const before = warnings.find(isSame);
  const counted = { ...warning, times: (before?.times ?? 0) + 1 };
  return [counted, ...warnings.filter((each) => each !== before)].slice(0, keptWarnings);
}

function short(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text;
}

/** The value before, if the new one is equal: what is read again and again from the chain mostly is. */
function sameOr<Value>(before: Value, after: Value): Value {
  return before === after || JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

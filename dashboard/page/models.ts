// Scores over the rounds, where the models come from, and who contributed.
import type { DashboardState, Part, RoundShown } from "../state/state.ts";
import type { Chart, ChartData } from "./charts.ts";
import { byId, h, hex, setRows, setText } from "./dom.ts";
import { contributionsOf, nameOf, partsOf } from "./findings.ts";
import { counted, epsilonSpent, estimated, number, share } from "./words.ts";

export function drawScores(state: DashboardState, chart: Chart): void {
  const scored = state.rounds.flatMap(({ round, validation }) => (validation ? [{ round, validation }] : []));
  const known = scored.flatMap(({ round, validation: { auc } }) => (auc ? [{ round, ...auc }] : []));
  setText("scores-text", scoresText(state, known.length));
  chart.set([
    known.map(({ round }) => round),
    known.map(({ value }) => value),
    known.map(({ low }) => low),
    known.map(({ high }) => high),
  ] as ChartData);
  setRows(
    "scores-rows",
    scored.map(({ round, validation: { auc, patients, isAtChance } }) => [
      round,
      auc ? auc.value.toFixed(3) : "not told",
      auc ? `${auc.low.toFixed(3)} to ${auc.high.toFixed(3)}` : "",
      patients,
      isAtChance ? "at chance" : "above chance",
    ]),
    [1, 2, 3],
  );
  byId("test-scores").hidden = state.scores.length === 0;
  setRows(
    "test-rows",
    state.scores.map(({ name, balancedAccuracy, auc, isAtChance }) => [
      name,
      estimated(balancedAccuracy),
      estimated(auc),
      isAtChance ? "at chance" : "",
    ]),
    [1, 2],
  );
}

function scoresText({ rounds }: DashboardState, known: number): string {
  if (known > 0) return "AUC of each round's model on validation patients; the band is its 95 % interval.";
  const finals = rounds.filter(({ status }) => status === "final").length;
  if (finals === 0) return "Scores follow when a round is final.";
  return "No scores are known: hospitals publish none of a class with few validation patients, or the audit has not read them yet.";
}

const verdicts = {
  verified: { mark: "good", words: "same bytes" },
  broken: { mark: "bad", words: "does not hold" },
  unavailable: { mark: "late", words: "cannot be told" },
  none: { mark: "none", words: "" },
} as const;

export function drawModels(state: DashboardState, gas: Chart): void {
  const { audit, rounds } = state;
  const texts = {
    verified: "Audited: every model was derived again to the same bytes, and every statement about it holds.",
    broken: `Audited: something does not hold. ${audit?.first ?? ""}`,
    unavailable: `Audited: nothing was found to be wrong, and something could not be read. ${audit?.first ?? ""}`,
    empty: "No round has made a model yet.",
  };
  const privacy = audit?.privacy ? ` ${epsilonSpent(audit.privacy)}` : "";
  setText(
    "audit-text",
    audit ? texts[audit.verdict] + privacy : "An audit of the final rounds runs while this page is open.",
  );
  setRows(
    "model-rows",
    rounds
      .toReversed()
      .map((round) => [
        round.round,
        round.base ? hex(round.base) : "",
        contributors(state, round),
        round.model ? hex(round.model) : h("span", { class: "step none" }, round.status),
        `${round.parts.filter(({ vote }) => vote === "agreed").length} of ${round.parts.length}`,
        verdictCell(round),
        round.gas === undefined ? "" : number(round.gas),
      ]),
    [6],
  );
  const spent = rounds.filter((round) => round.gas !== undefined);
  gas.set([spent.map(({ round }) => round), spent.map((round) => round.gas!)]);
}

function verdictCell({ verdict, status, finding }: RoundShown): Node | string {
  if (verdict === undefined) return status === "final" ? h("span", { class: "step" }, "not audited yet") : "";
  const { mark, words } = verdicts[verdict];
  if (words === "") return "";
  const sign = { good: "✓", bad: "✗", late: "?", none: "" }[mark];
  const label = h("span", { class: `step ${mark}` }, h("span", { "aria-hidden": "true" }, sign), words);
  return finding === undefined ? label : h("span", {}, label, h("small", {}, finding));
}

function contributors(state: DashboardState, round: RoundShown): Node {
  const items = partsOf(state, round).map((part) => {
    const { words, mark } = partWords(part, round);
    return h("li", mark ? { class: mark } : {}, `${nameOf(state, part.hospital)}${words}`);
  });
  return h("ul", { class: "shares" }, ...items);
}

function partWords(
  { hospital, share: own, contribution, samples, invalid }: Part,
  { included, status }: RoundShown,
): { words: string; mark: string } {
  if (invalid !== undefined || contribution === "invalid") return { words: ": invalid", mark: "bad" };
  if (included.includes(hospital) || contribution === "included")
    return { words: own === undefined ? "" : ` ${share(own)}`, mark: "" };
  if (samples !== undefined) return { words: status === "final" ? ": left out" : ": committed", mark: "out" };
  return { words: status === "committing" ? ": no update yet" : ": no update", mark: "out" };
}

export function drawContributions(state: DashboardState): void {
  setRows(
    "contribution-rows",
    contributionsOf(state).map(({ address, role, inModels, models, samples, meanShare, gas, transactions }) => [
      h("span", { title: address }, nameOf(state, address)),
      role === "hospital" ? `${inModels} of ${models}` : role,
      role === "hospital" ? number(samples) : "",
      meanShare === undefined ? "" : share(meanShare),
      gas > 0 ? number(gas) : "",
      transactions > 0 ? number(transactions) : "",
    ]),
    [2, 3, 4, 5],
  );
}

/** The page's figures at a glance. */
export function figuresOf(
  state: DashboardState,
): readonly { name: string; value: string; more: string; mark?: string }[] {
  const finals = state.rounds.filter(({ status }) => status === "final");
  const verified = finals.filter(({ verdict }) => verdict === "verified").length;
  const broken = finals.filter(({ verdict }) => verdict === "broken").length;
  const last = state.rounds.findLast(({ validation }) => validation?.auc)?.validation;
  const gas = state.gas.reduce((sum, each) => sum + each.gas, 0);
  const newest = state.rounds.at(-1);
  const late = newest?.parts.filter((part) => part.late && part.samples === undefined).length ?? 0;
  const planned = state.about.plannedRounds;
  return [
    {
      name: "Final rounds",
      value: planned ? `${finals.length} / ${planned}` : String(finals.length),
      more: newest ? `round ${newest.round} is ${newest.status}` : "no round yet",
    },
    {
      name: "Derived again",
      value: finals.length > 0 ? `${verified} / ${finals.length}` : "–",
      more: broken > 0 ? `${broken} do not hold` : "models, by the audit",
      mark: broken > 0 ? "bad" : verified > 0 && verified === finals.length ? "good" : "",
    },
    {
      name: "Validation AUC",
      value: last?.auc ? last.auc.value.toFixed(2) : "–",
      more: last?.auc
        ? `95 %: ${last.auc.low.toFixed(2)} to ${last.auc.high.toFixed(2)}${last.isAtChance ? ", at chance" : ""}`
        : "not told yet",
    },
    {
      name: "Late",
      value: String(late),
      more: `of ${counted(newest?.parts.length ?? 0, "hospital")}`,
      mark: late > 0 ? "late" : "",
    },
    {
      name: "Gas",
      value: gas > 0 ? `${(gas / 1e6).toFixed(2)} M` : "–",
      more:
        gas > 0
          ? counted(
              state.gas.reduce((sum, each) => sum + each.transactions, 0),
              "transaction",
            )
          : "not read yet",
    },
    {
      name: "Warnings",
      value: String(state.warnings.length),
      more: state.warnings[0]?.event ?? "none",
      mark: state.warnings.some(({ level }) => level === "error") ? "bad" : state.warnings.length > 0 ? "late" : "",
    },
  ];
}

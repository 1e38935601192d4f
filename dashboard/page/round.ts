// The round as a strip by hospital, with its deadlines.
import type { DashboardState, RoundShown } from "../state/state.ts";
import { byId, type Child, h, setRows, setText } from "./dom.ts";
import { deadlinesOf, nameOf, partsOf, type Step, stepsOf } from "./findings.ts";
import { counted, duration } from "./words.ts";

const statuses: Readonly<Record<RoundShown["status"], string>> = {
  committing: "Hospitals train and commit their updates",
  sealed: "Hospitals open the sum of the updates",
  proposing: "A member proposes the average",
  proposed: "Hospitals compute the average again and vote",
  final: "Final: enough hospitals derived the same model",
  abandoned: "Abandoned without a model",
};

export function drawRound(state: DashboardState, wanted: string): void {
  const round = shownRound(state, wanted);
  setText("round-title", round ? `Round ${round.round}${planned(state)}` : "Round");
  if (!round) {
    setText("round-text", "No round has been opened yet.");
    setRows("strip", []);
    return;
  }
  const committed = round.parts.filter(({ samples }) => samples !== undefined).length;
  const agreed = round.parts.filter(({ vote }) => vote === "agreed").length;
  const counts = `${committed} of ${counted(round.parts.length, "update")}, ${agreed} of ${counted(round.parts.length, "vote")} in favour`;
  setText("round-text", `${statuses[round.status]}. ${counts}.`);
  setRows(
    "strip",
    partsOf(state, round).map((part) => [nameOf(state, part.hospital), ...stepsOf(part, round, state).map(stepCell)]),
  );
}

export function shownRound({ rounds }: DashboardState, wanted: string): RoundShown | undefined {
  return rounds.find(({ round }) => String(round) === wanted) ?? rounds.at(-1);
}

function planned({ about }: DashboardState): string {
  return about.plannedRounds === undefined ? "" : ` of ${about.plannedRounds}`;
}

const signs = { good: "✓", bad: "✗", late: "!", none: "", working: "" } as const;

function stepCell({ mark, words, done }: Step): Node {
  const children: Child[] = [];
  if (signs[mark]) children.push(h("span", { "aria-hidden": "true" }, signs[mark]));
  children.push(words);
  const label = h("span", { class: `step ${mark}` }, ...children);
  if (done === undefined) return label;
  const bar = h("progress", { max: "1", value: String(done), "aria-label": "training" });
  return h("span", {}, bar, h("small", {}, words));
}

/** @param now chain time, seconds */
export function drawDeadlines(state: DashboardState, wanted: string, now: number | undefined): void {
  const round = shownRound(state, wanted);
  const list = byId("deadlines");
  const items = round && now !== undefined ? deadlinesOf(round) : [];
  const texts = items.map(({ what, at, state: phase }) => {
    const left = at - now!;
    return { phase, text: left > 0 ? `${what} within ${duration(left)}` : `${what}: time is over` };
  });
  // Replaced only where a text differs, which is once a second while a round runs.
  const made = texts.map(({ phase, text }) => h("li", { class: phase }, text));
  if (list.textContent !== texts.map(({ text }) => text).join("")) list.replaceChildren(...made);
}

/** Keeps the reader's choice, and the focus: options are added, never replaced. */
export function updateChoice(state: DashboardState): void {
  const select = byId("which") as HTMLSelectElement;
  const present = new Set(state.rounds.map(({ round }) => String(round)));
  for (const option of [...select.options].slice(1)) if (!present.delete(option.value)) option.remove();
  for (const round of present) select.options[0]!.after(h("option", { value: round }, `round ${round}`));
}

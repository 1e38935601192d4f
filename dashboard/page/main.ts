// The page: takes the server's messages, and draws what has changed, at most once a frame.
import type { Changes } from "../state/changes.ts";
import type { DashboardState } from "../state/state.ts";
import { apply } from "./apply.ts";
import { gasChart, ratesChart, scoresChart } from "./charts.ts";
import { byId, h, setText } from "./dom.ts";
import { drawContributions, drawModels, drawScores, figuresOf } from "./models.ts";
import { newsOf } from "./news.ts";
import { Rates } from "./rates.ts";
import { drawFederation, drawResources, drawWarnings } from "./resources.ts";
import { drawDeadlines, drawRound, updateChoice } from "./round.ts";
import { clock } from "./words.ts";

/** A screen reader is told news together, at most so often. */
const newsEveryMs = 5_000;

const charts = {
  scores: scoresChart(byId("scores-chart")),
  gas: gasChart(byId("gas-chart")),
  rates: ratesChart(byId("rate-chart")),
};
const rates = new Rates();
const choice = byId("which") as HTMLSelectElement;
let state: DashboardState | undefined;
let drawn: DashboardState | undefined;
/** When the newest chain time arrived, by this page's own clock: the server's may differ. */
let chainReadAt = 0;
let news: string[] = [];
let newsTimer: ReturnType<typeof setTimeout> | undefined;
let isDrawAsked = false;

const events = new EventSource("/events");
events.onopen = () => showConnection("live");
events.onerror = () => {
  if (state?.about.endedAt === undefined) showConnection("lost");
};
events.onmessage = ({ data }) => {
  const before = state;
  state = apply(state, JSON.parse(data) as Changes);
  if (state.chain !== before?.chain) chainReadAt = performance.now();
  rates.take(state.sights);
  tell(newsOf(before, state));
  if (!isDrawAsked) requestAnimationFrame(draw);
  isDrawAsked = true;
  if (state.about.endedAt === undefined) return;
  events.close();
  showConnection("ended");
};
choice.addEventListener("change", () => {
  if (!state) return;
  drawRound(state, choice.value);
  drawTimes();
});
setInterval(drawTimes, 1000);

function draw(): void {
  isDrawAsked = false;
  if (!state) return;
  const before = drawn;
  drawn = state;
  const changed = (...parts: (keyof DashboardState)[]) => parts.some((part) => before?.[part] !== state?.[part]);
  if (changed("about")) drawAbout(state);
  if (changed("rounds", "gas", "warnings", "about")) drawFigures(state);
  if (changed("rounds", "members", "about")) {
    updateChoice(state);
    drawRound(state, choice.value);
    drawTimes();
  }
  if (changed("members", "sights", "rounds", "about")) drawFederation(state);
  if (changed("rounds", "scores")) drawScores(state, charts.scores);
  if (changed("rounds", "audit", "members")) drawModels(state, charts.gas);
  if (changed("rounds", "gas", "members")) drawContributions(state);
  if (changed("sights", "members", "about")) drawResources(state, rates, charts.rates);
  if (changed("warnings", "members")) drawWarnings(state);
}

function drawAbout({ about }: DashboardState): void {
  const { title, kind, self, contract, chainId, stage, startedAt, endedAt, software, hasSlices } = about;
  document.title = `${title}: Consilium`;
  setText("title", title);
  const where = contract === undefined ? [] : [`contract ${contract} on chain ${chainId}`];
  setText("subtitle", [kind, ...(self === undefined ? [] : [self]), ...where].join(" · "));
  setText("stage", stage);
  byId("stage").className = `pill ${{ verified: "good", "not verified": "bad" }[stage] ?? ""}`.trim();
  const times = [`started ${clock(startedAt)}`, ...(endedAt === undefined ? [] : [`ended ${clock(endedAt)}`])];
  setText("foot", [software, ...times, "read-only"].join(" · "));
  byId("slices").hidden = !hasSlices;
  const place = byId("slices-place");
  if (hasSlices && place.childElementCount === 0) {
    const alt = "Slices through the chests of synthetic patients, three of them with drawn lesions";
    place.append(h("img", { src: "/slices.png", alt }));
  }
}

function drawFigures(now: DashboardState): void {
  const made = figuresOf(now).map(({ name, value, more, mark }) =>
    h("div", {}, h("dt", {}, name), h("dd", { class: mark ?? "" }, value), h("dd", { class: "more" }, more)),
  );
  byId("figures").replaceChildren(...made);
}

function drawTimes(): void {
  if (!state || document.hidden) return;
  const { chain, about } = state;
  const now = chain && about.endedAt === undefined ? chain.time + (performance.now() - chainReadAt) / 1000 : undefined;
  drawDeadlines(state, choice.value, now);
}

function tell(sentences: readonly string[]): void {
  news.push(...sentences);
  if (news.length === 0 || newsTimer !== undefined) return;
  newsTimer = setTimeout(() => {
    newsTimer = undefined;
    setText("news", news.slice(-3).join(" "));
    news = [];
  }, newsEveryMs);
}

function showConnection(now: "live" | "lost" | "ended"): void {
  const words = { live: "live", lost: "connection lost, trying again", ended: "ended" }[now];
  const place = byId("connection");
  place.className = `pill ${{ live: "good", lost: "bad", ended: "quiet" }[now]}`;
  if (place.textContent !== words) place.textContent = words;
}

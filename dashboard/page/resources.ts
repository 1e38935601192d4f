// What the parties hold and move, who they are connected to, and what they warn of.
import type { DashboardState } from "../state/state.ts";
import type { Chart } from "./charts.ts";
import { byId, h, setRows, setText } from "./dom.ts";
import { linksOf, nameOf } from "./findings.ts";
import { drawMap, memberState } from "./map.ts";
import type { Rate, Rates } from "./rates.ts";
import { bytes, clock, counted, number } from "./words.ts";

export function drawFederation(state: DashboardState): void {
  byId("drawing").replaceChildren(drawMap(state));
  const links = linksOf(state);
  setRows(
    "members",
    state.members.map((member) => {
      const own = links.filter(({ from, to }) => from === member.address || to === member.address);
      const relayed = own.filter((each) => each.relayed).length;
      const name = h("span", {}, nameOf(state, member.address), h("small", { class: "hex" }, member.address));
      const seen = `${own.length - relayed} direct, ${relayed} relayed`;
      return [name, member.role, seen, memberState(state, member)];
    }),
  );
}

export function drawResources(state: DashboardState, rates: Rates, chart: Chart): void {
  const { about, members } = state;
  const place = new Map(members.map(({ address }, index) => [address, index]));
  const sights = state.sights.toSorted((a, b) => (place.get(a.party) ?? 0) - (place.get(b.party) ?? 0));
  const { received, sent } = rates.total();
  const moved = sights.reduce((sum, { traffic }) => sum + traffic.receivedBytes, 0);
  setText(
    "rate-text",
    sights.length === 0
      ? "Nothing has been read yet."
      : about.endedAt !== undefined
        ? `${bytes(moved)} of objects were received in all.`
        : `Received ${bytes(received)}/s (line), sent ${bytes(sent)}/s (dashes); ${bytes(moved)} received in all.`,
  );
  const { moments } = rates;
  chart.set([
    moments.map(({ at }) => at / 1000),
    moments.map((moment) => moment.received),
    moments.map((moment) => moment.sent),
  ]);
  setRows(
    "resource-rows",
    sights.map(({ party, traffic, store, quarantine }) => [
      nameOf(state, party),
      rateCell(rates.of(party)?.received, traffic.receivedBytes),
      rateCell(rates.of(party)?.sent, traffic.sentBytes),
      storeCell(store),
      bytes(store.freeBytes),
      quarantine && `${quarantine.reduce((sum, { entries }) => sum + entries, 0)} refused`,
    ]),
  );
  const refused = sights.flatMap(({ party, quarantine = [] }) => quarantine.map((each) => ({ party, ...each })));
  byId("quarantine").hidden = refused.length === 0;
  setRows(
    "quarantine-rows",
    refused.map(({ party, code, what, entries }) => [nameOf(state, party), h("code", {}, code), what, number(entries)]),
    [3],
  );
}

function rateCell(rate: Rate["sent"] | undefined, total: number): Node {
  return h("span", {}, rate === undefined ? "" : `${bytes(rate)}/s`, h("small", {}, `${bytes(total)} in all`));
}

function storeCell({ objects, objectBytes, maxBytes }: DashboardState["sights"][number]["store"]): Node {
  const limit = maxBytes === undefined ? "" : ` of ${bytes(maxBytes)}`;
  const words = [`${bytes(objectBytes)}${limit}`, h("small", {}, counted(objects, "object"))];
  if (maxBytes === undefined) return h("span", {}, ...words);
  const used = { min: "0", max: "1", high: "0.9", value: String(Math.min(1, objectBytes / maxBytes)) };
  return h("span", {}, h("meter", { ...used, "aria-label": "used of the limit" }), ...words);
}

export function drawWarnings(state: DashboardState): void {
  const { warnings } = state;
  byId("no-warnings").hidden = warnings.length > 0;
  byId("warning-list").replaceChildren(
    ...warnings.map(({ at, level, party, event, facts, remedy, times }) =>
      h(
        "li",
        { class: level },
        h("p", {}, h("strong", {}, event), times > 1 ? ` (${times} times)` : ""),
        h("p", {}, remedy),
        h("p", { class: "about" }, `${nameOf(state, party)}, ${clock(at)}${facts ? `: ${facts}` : ""}`),
      ),
    ),
  );
}

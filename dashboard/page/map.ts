// The federation as a picture: members on an ellipse, and in its middle the party that looks, or the aggregator.
import type { DashboardState, MemberShown } from "../state/state.ts";
import { svg } from "./dom.ts";
import { isLate, linksOf, nameOf, presenceOf } from "./findings.ts";
import { counted } from "./words.ts";

const width = 560;
const height = 350;
const margin = { x: 75, y: 52 };
/** Names of more members would cover each other. */
const mostNames = 24;

export function drawMap(state: DashboardState): SVGElement {
  const members = state.members.filter(({ active }) => active);
  const middle =
    members.find(({ address }) => address === state.about.self) ?? members.find(({ role }) => role === "aggregator");
  const around = members.filter((member) => member !== middle);
  const places = new Map<string, { x: number; y: number }>();
  if (middle) places.set(middle.address, { x: width / 2, y: height / 2 });
  around.forEach(({ address }, index) => {
    // Half a step off the top, so that no name stands above the middle's own.
    const angle = ((index + 0.5) / around.length) * 2 * Math.PI - Math.PI / 2;
    places.set(address, {
      x: width / 2 + (width / 2 - margin.x) * Math.cos(angle),
      y: height / 2 - 8 + (height / 2 - margin.y) * Math.sin(angle),
    });
  });
  const lines = linksOf(state).flatMap(({ from, to, relayed }) => {
    const [a, b] = [places.get(from), places.get(to)];
    if (!a || !b) return [];
    const ends = { x1: a.x.toFixed(1), y1: a.y.toFixed(1), x2: b.x.toFixed(1), y2: b.y.toFixed(1) };
    return [svg("line", { ...ends, class: relayed ? "relayed" : "direct" })];
  });
  const radius = around.length > mostNames ? 7 : 15;
  const dots = members.map((member) => {
    const { x, y } = places.get(member.address)!;
    const texts =
      around.length > mostNames && member !== middle
        ? []
        : [
            svg("text", { y: String(radius + 17) }, nameOf(state, member.address).slice(0, 22)),
            svg("text", { class: "state", y: String(radius + 32) }, memberState(state, member)),
          ];
    const title = svg("title", {}, `${member.address}: ${memberState(state, member)}`);
    const place = { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: classOf(state, member) };
    return svg("g", place, title, svg("circle", { r: String(radius) }), ...texts);
  });
  const away = members.filter((member) => presenceOf(state, member) === "away").length;
  const label = `${counted(members.length, "member")}, ${counted(lines.length, "link")}, ${away} not connected`;
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...lines, ...dots);
}

/** In words, also for the table. */
export function memberState(state: DashboardState, member: MemberShown): string {
  const words = {
    self: "this node",
    connected: "connected",
    relayed: "by relay",
    away: "not connected",
    revoked: "revoked",
    unknown: "links not known",
  }[presenceOf(state, member)];
  return isLate(state, member.address) ? `${words}, late` : words;
}

function classOf(state: DashboardState, member: MemberShown): string {
  const presence = presenceOf(state, member);
  const names: string[] = [member.role, presence];
  if (isLate(state, member.address)) names.push("late");
  return names.join(" ");
}

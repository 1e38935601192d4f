// Draws the provenance graph as SVG, from top to bottom: base, updates and model of each round. Tooltips give full names;
// broken objects are red, unavailable ones yellow.
import type { AuditReport, Contribution, HospitalReport, RoundReport } from "../../protocol/audit/report.ts";
import { escapeXml } from "../charts/svg.ts";
import { shortName } from "./names.ts";

const box = { width: 142, height: 40, gap: 14 };
const left = 190;
/** Heights: of a model's row, of the updates' row, and of the whole of a round. */
const rowHeight = 104;
const roundHeight = 2 * rowHeight;
const colours = {
  model: ["#e8f1fb", "#0072b2"],
  plan: ["#f4ecf7", "#8e5ea2"],
  good: ["#e6f5ef", "#009e73"],
  bad: ["#fdeae3", "#d55e00"],
  unknown: ["#fdf6e0", "#b8860b"],
  idle: ["#f5f5f5", "#9a9a9a"],
} as const;
type Colour = keyof typeof colours;

const contributions: Readonly<Record<Contribution, { readonly colour: Colour; readonly words: string }>> = {
  included: { colour: "good", words: "update" },
  "left-out": { colour: "unknown", words: "left out" },
  invalid: { colour: "bad", words: "invalid" },
  unserved: { colour: "unknown", words: "not served" },
  silent: { colour: "idle", words: "no update" },
};

/** An SVG document; an empty string without rounds. */
export function provenanceGraph({ rounds }: AuditReport): string {
  const [first] = rounds;
  if (!first) return "";
  const widest = Math.max(...rounds.map(({ hospitals }) => hospitals.length), 1);
  const width = left + widest * (box.width + box.gap) + 20;
  const height = rounds.length * roundHeight + box.height + 70;
  const middle = left + (widest * (box.width + box.gap) - box.gap) / 2;
  const parts = [modelBox(middle, 10, first.base, "base", "model")];
  rounds.forEach((round, index) => {
    parts.push(...roundParts(round, 10 + index * roundHeight, middle));
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="provenance of the models">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

function roundParts(round: RoundReport, top: number, middle: number): string[] {
  const { hospitals, plan, base, model, verdict, status } = round;
  const updatesTop = top + rowHeight;
  const modelTop = top + roundHeight;
  const start = middle - (hospitals.length * (box.width + box.gap) - box.gap) / 2;
  const wires: string[] = [];
  const boxes: string[] = [];
  hospitals.forEach((hospital, index) => {
    const centre = start + index * (box.width + box.gap) + box.width / 2;
    const { colour, words } = contributions[hospital.contribution];
    const dashed = hospital.contribution !== "included";
    if (hospital.manifest) wires.push(wire(middle, top + box.height, centre, updatesTop, colour, dashed));
    if (hospital.contribution === "included") {
      wires.push(wire(centre, updatesTop + box.height, middle, modelTop, colour, false));
    }
    const title = describe(hospital);
    boxes.push(node(centre, updatesTop, [shortName(hospital.hospital), samples(words, hospital)], title, colour));
  });
  const planTitle = `plan ${plan}, base ${base}`;
  const outcome = verdict === "none" ? `no model: ${status}` : verdict;
  return [
    `<g>`,
    ...wires,
    text(12, updatesTop + 16, `round ${round.round}`, "#222", 15),
    text(12, updatesTop + 34, outcome, colours[verdictColour(round)][1], 12),
    `<g><title>${escapeXml(planTitle)}</title>${text(12, updatesTop + 52, `plan ${shortName(plan)}`, colours.plan[1], 11)}</g>`,
    ...boxes,
    model
      ? modelBox(middle, modelTop, model, round.derived ? "same bytes" : "not derived", verdictColour(round)) +
        attestations(round, middle, modelTop)
      : modelBox(middle, modelTop, base, "base goes on", "model"),
    `</g>`,
  ];
}

/** A dot for each hospital's vote on the accepted model. */
function attestations({ hospitals, proposals }: RoundReport, middle: number, top: number): string {
  const accepted = proposals.find(({ status }) => status === "accepted");
  return hospitals
    .map(({ hospital }, index) => {
      const vote = accepted?.attestations.find((each) => each.hospital === hospital);
      const colour = vote ? (vote.agree ? "good" : "bad") : "idle";
      const words = vote ? (vote.agree ? "agrees" : "disagrees") : "did not attest";
      const x = middle + box.width / 2 + 14 + 12 * (index % 12);
      const y = top + 12 + 12 * Math.floor(index / 12);
      const fill = vote ? colours[colour][1] : "none";
      const title = escapeXml(`${hospital} ${words}`);
      return `<circle cx="${x}" cy="${y}" r="4" fill="${fill}" stroke="${colours[colour][1]}"><title>${title}</title></circle>`;
    })
    .join("");
}

function verdictColour({ verdict }: RoundReport): Colour {
  if (verdict === "verified") return "good";
  if (verdict === "broken") return "bad";
  return verdict === "unavailable" ? "unknown" : "idle";
}

function describe({ hospital, update, masked, manifest, sampleCount, shard, software, age }: HospitalReport): string {
  const known = [
    `hospital ${hospital}`,
    ...(sampleCount === undefined ? [] : [`${sampleCount} samples`]),
    ...(update ? [`update ${update}`] : []),
    ...(masked ? [`masked update ${masked}`] : []),
    ...(manifest ? [`manifest ${manifest}`] : []),
    ...(shard ? [`shard ${shard}`] : []),
    ...(age ? [`trained from a model ${age} older`] : []),
    ...(software ? [software] : []),
  ];
  return known.join("\n");
}

function samples(words: string, { sampleCount }: HospitalReport): string {
  return sampleCount === undefined ? words : `${words}, ${sampleCount} samples`;
}

function modelBox(centre: number, top: number, digest: string, words: string, colour: Colour): string {
  return node(centre, top, [`model ${shortName(digest)}`, words], `model ${digest}`, colour);
}

function node(centre: number, top: number, [first, second]: [string, string], title: string, colour: Colour): string {
  const [fill, stroke] = colours[colour];
  const x = centre - box.width / 2;
  return [
    `<g><title>${escapeXml(title)}</title>`,
    `<rect x="${x}" y="${top}" width="${box.width}" height="${box.height}" rx="5" fill="${fill}" stroke="${stroke}"/>`,
    `<text x="${centre}" y="${top + 17}" text-anchor="middle" fill="#222">${escapeXml(first)}</text>`,
    `<text x="${centre}" y="${top + 32}" text-anchor="middle" fill="#555" font-size="11">${escapeXml(second)}</text></g>`,
  ].join("");
}

function text(x: number, y: number, words: string, colour: string, size: number): string {
  return `<text x="${x}" y="${y}" fill="${colour}" font-size="${size}">${escapeXml(words)}</text>`;
}

function wire(x0: number, y0: number, x1: number, y1: number, colour: Colour, dashed: boolean): string {
  const bend = (y0 + y1) / 2;
  const dashes = dashed ? ' stroke-dasharray="4 4"' : "";
  return `<path d="M${x0} ${y0}C${x0} ${bend} ${x1} ${bend} ${x1} ${y1}" fill="none" stroke="${colours[colour][1]}" stroke-opacity="0.6"${dashes}/>`;
}

// What an import says to a person: what came in, what was left out and why, and what to be wary of.
import pc from "picocolors";
import type { ImportSummary } from "../../imaging/import/import-summary.ts";
import type { DataCard } from "../../imaging/shard/data-card.ts";
import { table } from "../terminal/table.ts";

export function importReport(summary: ImportSummary): string {
  const { scans, positive, negative, splits, card, dir, root, files } = summary;
  const state = summary.unchanged ? " (nothing changed since the last import)" : "";
  const resumed = summary.resumed > 0 ? `, ${summary.resumed} of them taken over from an earlier import` : "";
  const lines = [
    `${pc.bold(`${scans} ${scans === 1 ? "patient" : "patients"}`)} (${positive} positive, ${negative} negative) from ${files} files${resumed}${state}`,
    `split by patient: ${splits.train} to learn from, ${splits.validation} to choose by, ${splits.test} held out for the test`,
    "",
    storedTable(card),
    ...section("left out", exclusionTable(card)),
    ...warnings(summary),
    "",
    `shard     ${dir}`,
    `scans     ${root}`,
    `left out  ${summary.quarantineDigest}`,
  ];
  return lines.join("\n");
}

function storedTable({ stored, slices, grid, scanners }: DataCard): string {
  const range = ([least, median, most]: DataCard["slices"]) => `${least} to ${most}, median ${median}`;
  return table(
    ["scans", ""],
    [
      [
        "scanners",
        Object.entries(scanners)
          .map(([name, count]) => `${count} ${name}`)
          .slice(0, 4)
          .join(", "),
      ],
      ["slices as stored", range(stored.slices)],
      ["slice distance mm", range(stored.spacingMm)],
      ["pixel mm", range(stored.pixelMm)],
      [
        "slices in the shard",
        `${range(slices)}, of ${grid.height} x ${grid.width} pixels, ${grid.windows.join(" + ")}`,
      ],
    ],
  );
}

function exclusionTable({ exclusions }: DataCard): string {
  if (exclusions.length === 0) return "";
  return table(
    ["what", "code", "count", "files", "what to do"],
    exclusions.map(({ what, code, count, files, remedy }) => [what, code, count, files, shortened(remedy)]),
  );
}

function shortened(text: string): string {
  return text.length > 72 ? `${text.slice(0, 69)}...` : text;
}

function section(title: string, body: string): string[] {
  return body === "" ? [] : ["", pc.bold(title), body];
}

const meanings: Readonly<Record<string, string>> = {
  GAPS: "slices are missing",
  MIXED_SPACING: "slices lie at different distances",
  TILTED: "a tilted gantry",
  NO_PIXEL_SPACING: "pixels of unknown size, taken for 1 mm",
  NO_ORIENTATION: "taken for lying on the back",
  WINDOW_UNKNOWN: "pictures without Hounsfield units",
  SIZE_UNKNOWN: "pictures without millimetres",
};

function warnings({ card, positive, negative, scans }: ImportSummary): string[] {
  const warned = card.shortcuts.filter(({ isWarned }) => isWarned);
  const said = [
    ...(positive === 0 || negative === 0
      ? ["all patients are of one class: alone, nothing can be learned from them"]
      : []),
    ...(card.slices[0] < 4 && card.stored.slices[0] < 4
      ? ["some scans have fewer than 4 slices; --min-slices 4 leaves them out"]
      : []),
    ...Object.entries(card.warnings).map(
      ([code, count]) => `${code} (${meanings[code] ?? code}) in ${count} of ${scans} scans`,
    ),
    ...warned.map(({ feature, auc, chance }) => {
      const from = feature === "all together" ? "how scans were taken" : `${feature} alone`;
      return `the label can be guessed from ${from}: AUC ${auc.value.toFixed(2)}, chance reaches ${chance.toFixed(2)}; a network may learn that`;
    }),
  ];
  return said.length === 0 ? [] : ["", ...said.map((text) => `${pc.yellow("mind")} ${text}`)];
}

// The report of an import on the terminal: what was imported, what was left out and why, and what to be careful about.
import pc from "picocolors";
import type { ImportSummary } from "../../imaging/import/import-summary.ts";
import type { DataCard } from "../../imaging/shard/data-card.ts";
import { table } from "../terminal/table.ts";

/** @param openKey the pseudonyms' key, where others on this machine may read it */
export function importReport(summary: ImportSummary, openKey?: string): string {
  const { scans, positive, negative, splits, card, dir, root, files } = summary;
  const state = summary.unchanged ? " (nothing changed since the last import)" : "";
  const resumed = summary.resumed > 0 ? `, ${summary.resumed} of them unchanged since an earlier import` : "";
  const { labels } = card;
  const lines = [
    `${pc.bold(`${scans} ${scans === 1 ? "patient" : "patients"}`)} (${positive} positive, ${negative} negative) from ${files} files${resumed}${state}`,
    ...(labels
      ? [`found ${labels.found} patients, ${labels.leftOut} of them left out; labels from ${counted(labels.labelFrom)}`]
      : []),
    ...rowLine(labels?.rows && { ...labels.rows, unmatched: summary.unmatchedRows }),
    `split by patient: ${splits.train} train, ${splits.validation} validation, ${splits.test} test`,
    "",
    storedTable(card),
    ...section("left out", exclusionTable(card)),
    ...warnings(summary, openKey),
    "",
    `shard     ${dir}`,
    `scans     ${root}`,
    `left out  ${summary.quarantineDigest}`,
    "why a patient is in or not: consilium import SOURCE --out SHARD --explain HASH",
  ];
  return lines.join("\n");
}

/** How many rows of the CSV matched, and the numbers of those that did not. */
export function rowLine(
  rows: { readonly total: number; readonly matched: number; readonly unmatched: readonly number[] } | undefined,
): string[] {
  if (!rows) return [];
  const { total, matched, unmatched } = rows;
  const shown = unmatched.slice(0, mostRows).join(", ");
  const more = unmatched.length > mostRows ? `, and ${unmatched.length - mostRows} more` : "";
  return [
    `${matched} of ${total} rows of the CSV matched${unmatched.length > 0 ? `; not matched: rows ${shown}${more}` : ""}`,
  ];
}

const mostRows = 20;

function counted(counts: Readonly<Record<string, number>>): string {
  const words = Object.entries(counts).map(([word, count]) => `${word} ${count}`);
  return words.join(", ") || "nowhere";
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
  NO_PIXEL_SPACING: "pixels of unknown size, assumed 1 mm",
  NO_ORIENTATION: "assumed to lie on the back",
  HU_ESTIMATED: "pictures, Hounsfield units estimated from lung and soft tissue",
  WINDOW_UNKNOWN: "pictures in which no lungs were found, grey values as they are",
  SIZE_UNKNOWN: "pictures without millimetres",
};

function warnings({ card, positive, negative, scans }: ImportSummary, openKey?: string): string[] {
  const warned = card.shortcuts.filter(({ isWarned }) => isWarned);
  const { labels } = card;
  const byNumber = Object.entries(labels?.matchedBy ?? {}).filter(([how]) => how.includes("number"));
  const notes = [
    ...(openKey === undefined
      ? []
      : [
          `others on this machine can read ${openKey}, which tells who a pseudonym is: chmod 600, or --key on a disk that keeps permissions`,
        ]),
    ...byNumber.map(([how, count]) => `${count} patients were matched by ${how}: the CSV lacks their leading zeros`),
    ...(labels && labels.joined > 0
      ? [`${labels.joined} patients have files in several folders, joined because their PatientID is the same`]
      : []),
    ...(labels && labels.otherSeries > 0
      ? [`of ${labels.otherSeries} patients the preferred series could not be used, and another one was`]
      : []),
    ...(positive === 0 || negative === 0
      ? ["all patients are of one class: nothing can be learned from them alone"]
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
  return notes.length === 0 ? [] : ["", ...notes.map((text) => `${pc.yellow("note")} ${text}`)];
}

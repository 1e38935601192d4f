// What an import would do, before it does it: one line a patient.
import pc from "picocolors";
import type { ImportReport, PatientReport } from "../../imaging/import/import-report.ts";
import { table } from "../terminal/table.ts";
import { rowLine } from "./report.ts";

/** More lines than anybody reads; --json has them all. */
const mostLines = 200;

export function planTable(report: ImportReport, isKeyKnown: boolean): string {
  const { patients, files, refusedFiles } = report;
  const planned = patients.filter(({ outcome }) => outcome === "PLANNED");
  const positive = planned.filter(({ label }) => label === "positive").length;
  const lines = [
    `${pc.bold(`${planned.length} of ${patients.length} patients`)} would be imported (${positive} positive, ${planned.length - positive} negative) from ${files} files, ${refusedFiles} of them refused`,
    ...rowLine(report.rows),
    "",
    table(
      ["patient", "label", "from", "matched by", "files", "first series", "others"],
      patients
        .slice(0, mostLines)
        .map((patient) => [
          patient.patient,
          patient.outcome === "PLANNED" ? (patient.label ?? "") : patient.outcome,
          originOf(patient),
          patient.matchedBy.join(", "),
          patient.files,
          firstSeries(patient),
          Math.max(0, patient.series.length - 1),
        ]),
    ),
    ...(patients.length > mostLines ? [`  and ${patients.length - mostLines} more: --json lists all`] : []),
    "",
    "nothing was decoded or written",
    ...(isKeyKnown ? [] : [`${pc.yellow("note")} there is no key yet: the import itself will give other pseudonyms`]),
  ];
  return lines.join("\n");
}

/** Where the label comes from: row 7, folder, option. */
export function originOf({ labelFrom, rows }: PatientReport): string {
  if (labelFrom !== "row") return labelFrom ?? "";
  return `row ${rows.slice(0, 3).join(", ")}${rows.length > 3 ? ", ..." : ""}`;
}

function firstSeries({ series }: PatientReport): string {
  const first = series.find(({ outcome }) => outcome === "FIRST");
  if (!first) return "";
  const { slices, thicknessMm, pictures } = first.facts;
  return pictures === undefined ? `${slices} slices of ${thicknessMm} mm` : `${pictures} pictures`;
}

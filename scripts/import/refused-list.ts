// What was refused, where nothing could be imported: file by file and patient by patient, with the reasons.
import pc from "picocolors";
import type { NothingImported } from "../../imaging/import/nothing-imported.ts";
import { table } from "../terminal/table.ts";

const mostLines = 40;

export function refusedList({ refusedFiles, entries }: NothingImported): string {
  const patients = entries.filter(({ what }) => what !== "file");
  const rows = [
    ...patients.map(({ what, patient, code, remedy }) => [
      what === "scan" ? "patient" : what,
      patient ?? "",
      code,
      remedy,
    ]),
    ...refusedFiles.map(({ number, code, remedy }) => ["file", `number ${number}`, code, remedy]),
  ];
  if (rows.length === 0) return "";
  return [
    pc.bold("refused"),
    table(["what", "which", "code", "what to do"], rows.slice(0, mostLines)),
    ...(rows.length > mostLines ? [`  and ${rows.length - mostLines} more`] : []),
    ...(refusedFiles.length > 0
      ? ["files are numbered in natural order: consilium import SOURCE --find NUMBER prints the path"]
      : []),
  ].join("\n");
}

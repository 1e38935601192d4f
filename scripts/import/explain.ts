// `consilium import --explain HASH`: why a patient is not in the shard, or is labelled so.
import type { PatientReport, SeriesReport } from "../../imaging/import/import-report.ts";
import { table } from "../terminal/table.ts";
import { originOf } from "./plan-table.ts";

export function explanation(patient: PatientReport): string {
  const { outcome, remedy, label, split, knownBy, matchedBy, folders, files, series } = patient;
  const rows: (readonly [string, string | number])[] = [
    ["outcome", outcome === "IMPORTED" ? `imported, split ${split}` : `not imported: ${outcome}`],
    ...(remedy === undefined || outcome === "IMPORTED" ? [] : [["what to do", remedy] as const]),
    ["label", label === undefined ? "none" : `${label}, from ${originOf(patient) || "nowhere"}`],
    ["known by", knownBy],
    ["matched by", matchedBy.join(", ") || "no row"],
    ["files", folders > 1 ? `${files}, in ${folders} folders that were joined` : files],
  ];
  const looked = series.map((one) => [one.series ?? "pictures", one.outcome, factsOf(one), one.remedy ?? ""]);
  return [
    table([patient.patient, ""], rows),
    ...(looked.length > 0 ? ["", table(["series", "outcome", "", "what to do"], looked)] : []),
  ].join("\n");
}

/** Why a series was taken or left, in a few words. */
function factsOf({ outcome, facts: { place, of, ...facts } }: SeriesReport): string {
  const said = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  if (outcome !== "TAKEN" || place === undefined) return said.join(", ");
  const why = Number(place) === 1 ? `the best of ${of} usable` : `number ${place} of ${of}: those before it failed`;
  return [...said, why].join(", ");
}

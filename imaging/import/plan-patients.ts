// Which series of each patient an import would look at first, as far as headers say it.
import { FedError } from "../../foundation/errors.ts";
import { noSeriesError, selectSeries } from "../series/select.ts";
import type { Pseudonyms } from "../shard/pseudonyms.ts";
import type { ExaminedFiles } from "../source/examined-files.ts";
import type { Grouping } from "../source/group-patients.ts";
import { type ImportReport, reportPlan, type SeriesReport } from "./import-report.ts";
import { dicomFacts, lookOf } from "./normalise-patient.ts";
import type { RefusedFiles } from "./refused-files.ts";

export interface Planning {
  readonly examined: ExaminedFiles;
  readonly grouping: Grouping;
  readonly refusedFiles: RefusedFiles;
  readonly files: number;
  readonly pseudonyms: Pseudonyms;
  readonly minSlices: number;
}

export function planPatients({
  examined,
  grouping,
  refusedFiles,
  files,
  pseudonyms,
  minSlices,
}: Planning): ImportReport {
  return reportPlan({ grouping, files, refusedFiles: refusedFiles.count }, ({ dicom, pictures }) => {
    if (dicom.length === 0) return { series: [{ outcome: "FIRST", facts: { pictures: pictures.length } }] };
    const selection = selectSeries(dicom.map(examined.headerOf), { minSlices });
    const { candidates } = selection;
    const hash = (seriesUid: string) => pseudonyms.of("series", seriesUid);
    const usable = candidates.map((candidate, index): SeriesReport => {
      const { storedSlices, thicknessMm } = dicomFacts(candidate);
      return {
        series: hash(candidate.files[0]!.instance.seriesUid),
        outcome: index === 0 ? "FIRST" : "IF_NEEDED",
        facts: { slices: storedSlices, thicknessMm, place: index + 1, of: candidates.length },
      };
    });
    const left = selection.left.map(({ files: own, reason, facts }): SeriesReport => {
      const series = hash(own[0]!.instance.seriesUid);
      const { remedy } = new FedError(reason);
      return { series, outcome: reason, facts: { ...lookOf(own), ...facts }, remedy };
    });
    const series = [...usable, ...left];
    return candidates.length > 0 ? { series } : { series, error: noSeriesError(selection, { minSlices }) };
  });
}

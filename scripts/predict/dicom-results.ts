// Results as DICOM objects in the patient's own study, in a folder that only its owner can read. They leave the machine only
// where the operator asks for it.
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { type Dataset, writePart10 } from "../../imaging/dicom/write-part10.ts";
import { heaviestSlices } from "../../imaging/results/heaviest-slices.ts";
import type { Finding } from "../../imaging/results/result-object.ts";
import { secondaryCapture, slicesShown } from "../../imaging/results/secondary-capture.ts";
import { segmentationObject } from "../../imaging/results/segmentation-object.ts";
import { readSourceStudy, type SourceInstance } from "../../imaging/results/source-study.ts";
import { structuredReport } from "../../imaging/results/structured-report.ts";
import type { Explanation } from "../../model/network/explain.ts";
import type { SegCaps } from "../../model/segmentation/segcaps.ts";
import { makeOutputFolder, writeOutput } from "../terminal/write-output.ts";
import { fileNameOf, type NamedScan } from "./open-scans.ts";

/** A result as a file. */
export interface WrittenResult {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes the picture of the heaviest slices, the report, and with a segmenter the masks of one scan.
 *
 * @throws RESULTS_WITHOUT_STUDY, OUT_IS_LINK, STORE_FULL, and those of reading the scan's files
 */
export async function writeDicomResults(
  dir: string,
  { name, set, source }: NamedScan,
  { votes }: Explanation,
  { finding, segmenter }: { readonly finding: Finding; readonly segmenter: SegCaps | undefined },
): Promise<WrittenResult[]> {
  if (!source) throw new FedError("RESULTS_WITHOUT_STUDY");
  const { found, normal, use } = source;
  const study = await readSourceStudy(found.chosen, use);
  const slices = heaviestSlices(found, normal.cells, votes, slicesShown);
  const picture = secondaryCapture(study, finding, slices);
  const results: [name: string, object: Dataset][] = [["slices.dcm", picture]];
  if (segmenter) {
    const { segmentScan } = await import("../../model/segmentation/segment-scan.ts");
    const masks = segmentScan(segmenter, set, 0);
    const grid = { field: normal.field, cells: normal.cells, rows: set.height, columns: set.width };
    const object = segmentationObject({ study, scan: found, finding }, masks, grid);
    if (object) results.push(["segmentation.dcm", object]);
  }
  const others = results.map(([, object]) => instanceOf(object));
  results.push(["report.dcm", structuredReport(study, finding, slices, others)]);

  const folder = join(dir, fileNameOf(name));
  await makeOutputFolder(dir);
  await makeOutputFolder(folder);
  // One that was there before may have been open to others.
  await chmod(folder, 0o700);
  const written: WrittenResult[] = [];
  for (const [file, object] of results) {
    const bytes = writePart10(object, { text: "utf8" });
    const path = join(folder, file);
    await writeOutput(path, bytes);
    written.push({ file: path, bytes });
  }
  return written;
}

function instanceOf(object: Dataset): SourceInstance {
  const text = (tag: string) => String(object.get(tag)!.value);
  return { sopClass: text("00080016"), instance: text("00080018"), series: text("0020000E") };
}

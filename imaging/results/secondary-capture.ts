// A picture for radiologists: the slices that weighed most in the score, as a secondary capture (PS3.3 A.8.1) in the patient's study.
import type { Dataset } from "../dicom/write-part10.ts";
import { blankPicture, drawArea, drawText, type Picture } from "../view/picture.ts";
import { windowChannels } from "../volume/intensity.ts";
import type { HeavySlice } from "./heaviest-slices.ts";
import { commonElements, dataset, type Finding, items, notForDiagnosis, reference } from "./result-object.ts";
import type { SourceStudy } from "./source-study.ts";

/** Slices in a picture. */
export const slicesShown = 4;
const [tileSide, headHeight, captionHeight, barHeight] = [448, 44, 20, 8];
const white = [255, 255, 255] as const;
const orange = [240, 140, 40] as const;

export function secondaryCapture(study: SourceStudy, finding: Finding, slices: readonly HeavySlice[]): Dataset {
  const { rgb, width, height } = drawSlices(finding, slices);
  const kind = {
    ...{ sopClass: "1.2.840.10008.5.1.4.1.1.7", modality: "OT", seriesNumber: 9801 },
    description: "Slices that weighed most in the model's score",
  };
  const own = dataset({
    "00080008": ["CS", "DERIVED\\SECONDARY"],
    "00080064": ["CS", "WSD"],
    "00082111": ["ST", `${notForDiagnosis}. Model ${finding.model}. ${finding.audit.text}`],
    "00082112": items(
      ...slices.map(({ file, frame, isOneOfFrames }) =>
        reference(study.instances.get(file)!, isOneOfFrames ? frame + 1 : undefined),
      ),
    ),
    "00180015": ["CS", "CHEST"],
    "00200020": ["CS", ""],
    "00280002": ["US", [3]],
    "00280004": ["CS", "RGB"],
    "00280006": ["US", [0]],
    "00280010": ["US", [height]],
    "00280011": ["US", [width]],
    "00280100": ["US", [8]],
    "00280101": ["US", [8]],
    "00280102": ["US", [7]],
    "00280103": ["US", [0]],
    "00280301": ["CS", "NO"],
    "7FE00010": ["OB", rgb],
  });
  return new Map([...commonElements(study, finding, kind), ...own]);
}

function drawSlices({ score, model, audit }: Finding, slices: readonly HeavySlice[]): Picture {
  const columns = Math.min(2, slices.length);
  const tileHeight = captionHeight + tileSide + barHeight;
  const picture = blankPicture(tileSide * columns, headHeight + tileHeight * Math.ceil(slices.length / columns));
  const lines = [
    `${notForDiagnosis.toUpperCase()} - SCORE ${score.toFixed(3)}`,
    `MODEL ${model.slice(2, 14)} - AUDIT: ${audit.verdict}`,
  ];
  for (const [line, text] of lines.entries()) drawText(picture, text, { left: 6, top: 6 + 18 * line, colour: orange });
  for (const [place, { plane, weight, number, of }] of slices.entries()) {
    const left = (place % columns) * tileSide;
    const top = headHeight + Math.floor(place / columns) * tileHeight;
    drawText(picture, `SLICE ${number}/${of} WEIGHT ${weight.toFixed(2)}`, {
      left: left + 6,
      top: top + 4,
      colour: white,
    });
    const { rows, columns: across, spacingMm, values } = plane;
    const grey = windowChannels(Float32Array.from(values), ["lung"]);
    // Of both sides the longer one fills the tile.
    const mm = Math.max(rows * spacingMm[0], across * spacingMm[1]) / tileSide;
    drawArea(picture, { left, top: top + captionHeight, width: tileSide, height: tileSide }, (x, y) => {
      const row = Math.floor((y * mm) / spacingMm[0]);
      const column = Math.floor((x * mm) / spacingMm[1]);
      return row < rows && column < across ? grey[row * across + column]! : 0;
    });
    const filled = Math.round((tileSide - 2) * Math.max(0, weight));
    const bar = { left, top: top + captionHeight + tileSide, width: tileSide - 1, height: barHeight };
    drawArea(picture, bar, (x) => (x < filled ? orange : 40));
  }
  return picture;
}

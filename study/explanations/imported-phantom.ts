// A synthetic patient as the importer shows it to a network, with its exact masks on the same pixels.
import { defaultShape, normaliseStack, type ShardShape } from "../../imaging/import/normalise.ts";
import { readOneScan } from "../../imaging/import/read-one-scan.ts";
import { type SynthesiseOptions, synthesiseScan } from "../../imaging/phantom/synthesise-scan.ts";
import { openFieldSampler } from "../../imaging/volume/field-sampler.ts";
import { cellsOfSlices, resampleSlices } from "../../imaging/volume/geometry.ts";
import type { ScanMasks } from "../../model/segmentation/segmentation-set.ts";

export interface ImportedPhantom {
  /** [slices, height, width, windows], 0 to 255. */
  readonly pixels: Uint8Array;
  /** 1 where most of a pixel's volume is inside. */
  readonly masks: ScanMasks;
}

/**
 * @param folder of the patient's DICOM files, without gantry tilt
 * @param options by which the patient was synthesised
 * @throws those of readOneScan and normaliseStack
 */
export async function importedPhantom(
  folder: string,
  options: SynthesiseOptions,
  shape: Pick<ShardShape, "height" | "width" | "windows" | "maxSlices">,
): Promise<ImportedPhantom> {
  const { stack } = await readOneScan(folder);
  const { pixels, field, cells } = normaliseStack(stack, { ...defaultShape, ...shape });
  const { lung, lesion, geometry, acquisition } = synthesiseScan(options);
  const { slices, rows, columns, spacingMm, originMm } = geometry;
  const heightsMm = Array.from({ length: slices }, (_, slice) => originMm[2] + slice * spacingMm[0]);
  // The stack may begin within the slice that was written.
  const [down, across] = stack.originsMm[0]!;
  const whole = { ...field, centreMm: [field.centreMm[0] + down, field.centreMm[1] + across] as const };
  const onGrid = (mask: Uint8Array) => {
    const sample = openFieldSampler(whole, { rows: shape.height, columns: shape.width }, 0);
    const values = Int16Array.from(mask);
    const inside = heightsMm.map((_, slice) =>
      sample({
        values: values.subarray(slice * rows * columns, (slice + 1) * rows * columns),
        ...{ rows, columns, spacingMm: [spacingMm[1], spacingMm[2]] },
      }),
    );
    const shares = resampleSlices(inside, cellsOfSlices(heightsMm, acquisition.thicknessMm), cells);
    return Uint8Array.from(shares.flatMap((slice) => Array.from(slice, (share) => (share >= 0.5 ? 1 : 0))));
  };
  return { pixels, masks: { lung: onGrid(lung), lesion: onGrid(lesion) } };
}

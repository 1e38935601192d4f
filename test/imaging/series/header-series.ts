// Headers of series without files, for the tests of what is chosen from them.
import type { CtFrame, CtInstance } from "../../../imaging/dicom/ct-instance.ts";
import type { ExaminedFile } from "../../../imaging/series/examined-file.ts";
import { notNeeded, selectSeries } from "../../../imaging/series/select.ts";

const axial = [1, 0, 0, 0, 1, 0] as const;
export const coronal = [1, 0, 0, 0, 0, -1] as const;

export function frameAt(z: number, more: Partial<CtFrame> = {}): CtFrame {
  const common = { orientation: axial, pixelSpacingMm: [0.7, 0.7], rescaleSlope: 1, rescaleIntercept: -1024 } as const;
  const marks = { acquisitionNumber: "1" };
  return { positionMm: [-180, -180, z], rescaleType: "HU", marks, order: [], ...common, ...more };
}

let lastFile = 0;

/** A series of so many slices; the files come in an order that says nothing. */
export function series(
  name: string,
  slices: number,
  stepMm: number,
  more: Partial<CtInstance> = {},
  frame: Partial<CtFrame> = {},
) {
  const heights = Array.from({ length: slices }, (_, slice) => ((slice * 7) % slices) * stepMm);
  return heights.map((z): ExaminedFile => {
    const instance = {
      ...{ modality: "CT", sopClass: "1.2.840.10008.5.1.4.1.1.2", studyUid: "1", seriesUid: name, hasPixels: true },
      ...{ photometricInterpretation: "MONOCHROME2" },
      ...{ imageType: ["ORIGINAL", "PRIMARY", "AXIAL"], bodyPart: "CHEST", kernel: "B40f", rows: 512, columns: 512 },
      ...{ sliceThicknessMm: stepMm, samplesPerPixel: 1, unreadable: [], patientPosition: "HFS" },
      ...{ frameOfReferenceUid: "1.3", frames: [frameAt(z, frame)] },
      ...more,
    } as unknown as CtInstance;
    return { file: lastFile++, instance };
  });
}

export function choose(...all: readonly ExaminedFile[][]): { chosen: string | undefined; left: string[] } {
  const { candidates, left } = selectSeries(all.flat(), { minSlices: 3 });
  const [chosen, ...others] = candidates;
  const name = (files: readonly ExaminedFile[]) => files[0]!.instance.seriesUid;
  return {
    chosen: chosen && name(chosen.files),
    left: [...left, ...notNeeded(others)].map(({ files, reason }) => `${name(files)} ${reason}`).sort(),
  };
}

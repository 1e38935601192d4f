// What is read of one DICOM file: these values and nothing else. Identifiers stay within the imaging room, which turns
// them into keyed hashes before anything is stored, logged or told.

/** One frame of a file: a classic instance has one, an enhanced one has its own values in each functional group. */
export interface CtFrame {
  /** Centre of the first voxel, mm, patient coordinates (LPS). DICOM PS3.3 C.7.6.2.1.1 */
  readonly positionMm: readonly [x: number, y: number, z: number] | undefined;
  /** Direction cosines of a row, then of a column. */
  readonly orientation: readonly [number, number, number, number, number, number] | undefined;
  /** Distance of rows, then of columns, mm. */
  readonly pixelSpacingMm: readonly [row: number, column: number] | undefined;
  readonly rescaleSlope: number;
  readonly rescaleIntercept: number;
}

export interface CtInstance {
  readonly transferSyntax: string;
  readonly sopClass: string;
  readonly modality: string;
  /** Raw identifiers; "" where the file has none. */
  readonly patientId: string;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly instanceUid: string;
  /** Upper case, such as ORIGINAL, PRIMARY, AXIAL or LOCALIZER. */
  readonly imageType: readonly string[];
  readonly manufacturer: string;
  readonly manufacturerModel: string;
  readonly kernel: string;
  readonly bodyPart: string;
  /** HFS, HFP, FFS, FFDR, ...; "" where the file does not say. */
  readonly patientPosition: string;
  readonly sliceThicknessMm: number | undefined;
  readonly gantryTiltDegrees: number | undefined;
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly photometricInterpretation: string;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly isSigned: boolean;
  /** As a value of the pixels' own sign; undefined where the file names none. */
  readonly pixelPaddingValue: number | undefined;
  readonly frames: readonly CtFrame[];
}

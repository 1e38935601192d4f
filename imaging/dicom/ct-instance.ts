// The values that are read from a DICOM file. Identifiers stay within imaging/, which turns them into keyed hashes before
// anything is stored, logged or reported.
import type { OrderValues, VolumeMarks } from "./volume-attributes.ts";

/** One frame of a file: a classic instance has one, an enhanced one has its own values in each functional group. */
export interface CtFrame {
  /** Centre of the first voxel, mm, patient coordinates (LPS). DICOM PS3.3 C.7.6.2.1.1 */
  readonly positionMm: readonly [x: number, y: number, z: number] | undefined;
  /** Direction cosines of a row, then of a column. */
  readonly orientation: readonly [number, number, number, number, number, number] | undefined;
  /** Distance of rows, then of columns, mm. */
  readonly pixelSpacingMm: readonly [row: number, column: number] | undefined;
  /** HU = stored x slope + intercept; 1 and 0 if the file has none. PS3.3 C.11.1.1.2 */
  readonly rescaleSlope: number;
  readonly rescaleIntercept: number;
  /** Unit after the rescale: HU, or "" where the file does not say; spectral series have others. PS3.3 C.11.1.1.2 */
  readonly rescaleType: string;
  /** Attributes that distinguish volumes within one series. */
  readonly marks: VolumeMarks;
  readonly order: OrderValues;
}

/** One CT instance: geometry, rescaling and encoding, and nothing that names a patient. */
export interface CtInstance {
  readonly transferSyntax: string;
  readonly sopClass: string;
  readonly modality: string;
  /** Raw identifiers; "" where the file has none. */
  readonly patientId: string;
  readonly accessionNumber: string;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly instanceUid: string;
  /** Positions compare only where it is the same; "" where the file has none. PS3.3 C.7.4.1 */
  readonly frameOfReferenceUid: string;
  /** Upper case, such as ORIGINAL, PRIMARY, AXIAL or LOCALIZER. */
  readonly imageType: readonly string[];
  readonly manufacturer: string;
  readonly manufacturerModel: string;
  readonly kernel: string;
  readonly bodyPart: string;
  /** HFS, HFP, FFS, FFDR, ...; "" where the file does not say. */
  readonly patientPosition: string;
  readonly sliceThicknessMm: number | undefined;
  /** Names of the attributes that have a value which cannot be read; no default stands in for them. */
  readonly unreadable: readonly string[];
  /** False for reports, plans, directories: then rows, columns and bits are 0 and there are no frames. */
  readonly hasPixels: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly photometricInterpretation: string;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  /** The highest of the stored bits within a word, bitsStored - 1 in nearly all files. */
  readonly highBit: number;
  readonly isSigned: boolean;
  /** With the sign of the pixels; undefined if the file has none. */
  readonly pixelPaddingValue: number | undefined;
  /** Other end of a range of padding values, itself included. PS3.3 C.7.5.1.1.2 */
  readonly pixelPaddingLimit: number | undefined;
  readonly frames: readonly CtFrame[];
}

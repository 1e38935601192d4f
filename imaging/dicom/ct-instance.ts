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
  /** HU = stored x slope + intercept; never 0, and 1 if the file has none. (0028,1053), PS3.3 C.11.1.1.2 */
  readonly rescaleSlope: number;
  /** HU of a stored 0; 0 if the file has none. (0028,1052) */
  readonly rescaleIntercept: number;
  /** Unit after the rescale: HU, or "" where the file does not say; spectral series have others. PS3.3 C.11.1.1.2 */
  readonly rescaleType: string;
  /** Attributes that distinguish volumes within one series. */
  readonly marks: VolumeMarks;
  /** Times and numbers that grow in the order in which slices were made. */
  readonly order: OrderValues;
}

/** One CT instance: geometry, rescaling and encoding, and nothing that names a patient. */
export interface CtInstance {
  /** UID (0002,0010) of how the pixels are stored; "" where an image server does not name it. */
  readonly transferSyntax: string;
  /** UID (0008,0016): CT image, enhanced CT image, a report, ... */
  readonly sopClass: string;
  /** (0008,0060), upper case: CT, or another kind of object; "" where the file has none. */
  readonly modality: string;
  /** Raw identifier (0010,0020); "" where the file has none. */
  readonly patientId: string;
  /** Raw identifier (0008,0050) of the order; "" where the file has none. */
  readonly accessionNumber: string;
  /** (0020,000D): one visit or order of a patient. */
  readonly studyUid: string;
  /** (0020,000E): one stack of a study, though a series may hold several. */
  readonly seriesUid: string;
  /** (0008,0018): this object; two files with the same are copies. */
  readonly instanceUid: string;
  /** Positions compare only where it is the same; "" where the file has none. PS3.3 C.7.4.1 */
  readonly frameOfReferenceUid: string;
  /** Upper case, such as ORIGINAL, PRIMARY, AXIAL or LOCALIZER. */
  readonly imageType: readonly string[];
  /** (0008,0070), as written; "" where the file has none. */
  readonly manufacturer: string;
  /** (0008,1090), as written; "" where the file has none. */
  readonly manufacturerModel: string;
  /** Convolution kernel (0018,1210) of the reconstruction, in the maker's own terms; "" where the file has none. */
  readonly kernel: string;
  /** (0018,0015), upper case, such as CHEST; often missing or wrong. */
  readonly bodyPart: string;
  /** (0018,5100): HFS, HFP, FFS, FFDR, ...; "" where the file does not say. */
  readonly patientPosition: string;
  /** (0018,0050); undefined where it is missing or unreadable. Distances of slices follow from positions. */
  readonly sliceThicknessMm: number | undefined;
  /** Names of the attributes that have a value which cannot be read; no default stands in for them. */
  readonly unreadable: readonly string[];
  /** False for reports, plans, directories: then rows, columns and bits are 0 and there are no frames. */
  readonly hasPixels: boolean;
  /** Height of a frame, pixels (0028,0010). */
  readonly rows: number;
  /** Width of a frame, pixels (0028,0011). */
  readonly columns: number;
  /** (0028,0002): 1 for CT, 3 for colour pictures, which cannot be decoded as CT. */
  readonly samplesPerPixel: number;
  /** (0028,0004), upper case: MONOCHROME2 for CT, MONOCHROME1 where the lowest value is white. */
  readonly photometricInterpretation: string;
  /** Bits of a stored word (0028,0100): 8 or 16 in files that can be decoded. */
  readonly bitsAllocated: number;
  /** Bits of it that hold the value (0028,0101), 12 or 16 in most files. */
  readonly bitsStored: number;
  /** The highest of the stored bits within a word, bitsStored - 1 in nearly all files. */
  readonly highBit: number;
  /** Whether stored values are in two's complement (0028,0103). */
  readonly isSigned: boolean;
  /** With the sign of the pixels; undefined if the file has none. */
  readonly pixelPaddingValue: number | undefined;
  /** Other end of a range of padding values, itself included. PS3.3 C.7.5.1.1.2 */
  readonly pixelPaddingLimit: number | undefined;
  /** In the order of the pixels: one of a classic instance, many of an enhanced one. */
  readonly frames: readonly CtFrame[];
}

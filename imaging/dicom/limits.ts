// The most that one file may cost: a hostile or broken one is refused instead of using up memory or time.

/** What a DICOM file may take at most; a larger one is refused. */
export interface DicomLimits {
  /** Size of a file as it is stored. */
  readonly maxFileBytes: number;
  /** Size of a deflated file once inflated. */
  readonly maxInflatedBytes: number;
  /** Numbers read from the header, about three an element; bounds time and memory, not bytes. */
  readonly maxHeaderReads: number;
  /** Rows, and columns, of a frame. */
  readonly maxMatrix: number;
  /** Frames of one file (0028,0008). */
  readonly maxFrames: number;
}

/**
 * A file is read whole: a thousand frames of 512 x 512. Scanners write 512 or 1024 rows, at most 2048, and some thousands
 * of frames in an enhanced file. Six million reads are two million elements or 12 MB of a value without a length: half a
 * second and some 300 MB at the very worst.
 */
export const dicomLimits: DicomLimits = {
  maxFileBytes: 2 ** 29,
  maxInflatedBytes: 2 ** 28,
  maxHeaderReads: 6_000_000,
  maxMatrix: 4096,
  maxFrames: 16_384,
};

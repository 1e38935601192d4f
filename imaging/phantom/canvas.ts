// The pixels of one slice while it is painted, and where they lie in the patient.

/** Where the pixels lie: column c, row r at x = left + c * pixelMm, y = top + r * pixelMm of the patient, in mm. */
export interface PixelGrid {
  readonly size: number;
  readonly pixelMm: number;
  readonly left: number;
  readonly top: number;
}

/** Pictures that one cut fills, each [row, column]. */
export interface Canvas {
  readonly hu: Float32Array;
  readonly lung: Uint8Array;
  readonly lesion: Uint8Array;
}

// The input of the views: a stack of axial slices in HU with the size of its voxels.

/** Voxel (slice, row, column): slices run from feet to head, rows to the back, columns to the patient's left (LPS, supine). */
export interface CtVolume {
  /** Hounsfield units, [slices, rows, columns]. */
  readonly hu: ArrayLike<number>;
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
  readonly spacingMm: readonly [z: number, y: number, x: number];
}

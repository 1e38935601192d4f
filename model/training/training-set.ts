// What training reads: scans by index, as bytes. The trainer process makes it from a shard.

export interface TrainingScan {
  /** Stable within the shard, never a patient's name. */
  readonly patient: string;
  readonly label: 0 | 1;
  /** Slices that this scan has. */
  readonly slices: number;
}

export interface TrainingSet {
  readonly scans: readonly TrainingScan[];
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Window channels of scan i, 0 to 255: [slices, height, width, channels]. */
  read(index: number): Uint8Array;
}

// A decoder of foreign bytes, as the one list of them describes it.

export interface Decoder {
  /** The exported functions that it fuzzes. */
  readonly functions: readonly string[];
  readonly form: "json" | "bytes";
  /** Real bytes, each of which decodes. @param dir an empty folder */
  samples(dir: string): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
  /** @param dir the folder of the samples */
  decode(bytes: Uint8Array, dir: string): unknown;
  /** Cases to try, where the default would take too long. */
  readonly numRuns?: number;
}

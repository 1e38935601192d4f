// What every benchmark reports: the same work done by us and by a peer in one run, as costs (lower is better).

/** One comparison; `ratio` = ours / peer, `memoryRatio` = our peak memory / the peer's. */
export interface BenchResult {
  readonly name: string;
  readonly unit: "seconds" | "bytes" | "gas";
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  readonly ratio: number;
  /** Null where memory has no meaning for the work (gas) or was not measured. */
  readonly memoryRatio: number | null;
  /** Bytes of all threads at the peak, where the work has a limit to hold. */
  readonly peakBytes?: number;
  /** Processor time by part, where the headline is time by the clock. */
  readonly processorSeconds?: Readonly<Record<string, number>>;
  /** Shares of all the work, 0 to 1, that its parts took, where it says more than the whole. */
  readonly shares?: Readonly<Record<string, number>>;
}

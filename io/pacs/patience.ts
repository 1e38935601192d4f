// How long an import waits for a PACS.
export interface Patience {
  /** Until an answer begins: a PACS may have to fetch a study from its archive. */
  readonly answerMs: number;
  /** In each such time an answer must bring slowBytes. */
  readonly slowMs: number;
  readonly slowBytes: number;
  /** Waits before the second, third, ... try. */
  readonly retriesMs: readonly number[];
}

export const usualPatience: Patience = {
  answerMs: 120_000,
  slowMs: 30_000,
  slowBytes: 2 ** 14,
  retriesMs: [500, 2000, 8000],
};

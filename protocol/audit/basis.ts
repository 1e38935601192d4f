// What a reading of the chain rests on: which code the contract has, and how many endpoints showed the same chain. An audit
// says it before its verdict, which can be no better than this.

/** How far the endpoints of a reader agreed. */
export interface ChainAgreement {
  /** Endpoints that were asked. */
  readonly endpoints: number;
  /** Endpoints that showed the same headers and logs in every range of blocks that was read, the first one included. */
  readonly agreed: number;
  /** Host and port of endpoints that did not answer when they were last asked. */
  readonly silent: readonly string[];
  /** Host and port of endpoints that lacked blocks of others for too long. */
  readonly behind: readonly string[];
}

// Which federation an object belongs to.
import type { HospitalAddress } from "./digest.ts";

/** One federation: the chain it lives on and its TrainingRounds contract. */
export interface FederationId {
  /** EIP-155 id of the chain, as its endpoints give it. */
  readonly chainId: number;
  /** Address of the TrainingRounds contract, which also holds the members. */
  readonly contract: HospitalAddress;
}

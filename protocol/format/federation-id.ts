// Which federation an object belongs to.
import type { HospitalAddress } from "./digest.ts";

/** One federation: the chain it lives on and its TrainingRounds contract. */
export interface FederationId {
  readonly chainId: number;
  readonly contract: HospitalAddress;
}

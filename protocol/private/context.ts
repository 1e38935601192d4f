// What every coin, generator, box and signature of private sums is bound to: nothing of one round holds in another.
import type { RoundId } from "../format/digest.ts";
import type { FederationId } from "../format/federation-id.ts";

/** A round of a federation. */
export interface PrivateContext extends FederationId {
  /** The round, from 1. */
  readonly round: RoundId;
}

/** The text that separates one purpose from all others: ASCII, parts by "/". */
export function contextText(
  purpose: string,
  { chainId, contract, round }: PrivateContext,
  ...parts: readonly (string | number)[]
): string {
  return ["consilium/private/1", purpose, chainId, contract, round, ...parts].join("/");
}

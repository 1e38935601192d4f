// The target of an audit.
import type { FederationId } from "../protocol/format/federation-id.ts";

/** A contract on a chain, and the places of its objects. */
export interface AuditTarget {
  readonly federation: FederationId;
  /** Events are read from this block on. */
  readonly fromBlock: number;
  /** Keccak-256 of the contract's code; undefined if it is not checked. */
  readonly codeDigest: string | undefined;
  /** Blocks on top of a block before anything in it counts. */
  readonly confirmations: number;
  /** HTTP addresses of RPC endpoints, the preferred one first. */
  readonly endpoints: readonly string[];
  /** Multiaddrs of members that serve auditors, with their /p2p/ ids. */
  readonly peers: readonly string[];
  /** Folders of stores. With peers, what they serve is kept in the first one. */
  readonly stores: readonly string[];
}

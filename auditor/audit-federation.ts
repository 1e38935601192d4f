// The audit as one call: an auditor gives the contract's address and an RPC endpoint, and places where objects may be had.
import { FedError } from "../foundation/errors.ts";
import type { AuditEvent, AuditReport } from "../protocol/audit/report.ts";

/** What an audit is of, and where it reads. */
export interface AuditRequest {
  /** HTTP addresses of RPC endpoints of the chain, the preferred one first; a second one is compared with it. */
  readonly rpc: string | readonly string[];
  /** The federation's contract: 0x and 40 hex digits. */
  readonly contract: string;
  /** Default: the id that the endpoint gives. */
  readonly chainId?: number | undefined;
  /** The block of the contract's creation, from which events are read. Default: 0, which takes long on a public chain. */
  readonly fromBlock?: number | undefined;
  /** Keccak-256 of the contract's code, 0x and 64 hex digits, as the federation file has it. Default: not checked. */
  readonly codeDigest?: string | undefined;
  /** Blocks on top of a block before anything in it counts. Default: 0; 12 or more on a public chain. */
  readonly confirmations?: number | undefined;
  /** Multiaddrs of hospitals that serve auditors, with their /p2p/ ids. */
  readonly peers?: readonly string[] | undefined;
  /** Folders of stores on this machine that hold the federation's objects. */
  readonly stores?: readonly string[] | undefined;
  /** Largest model that is fetched, bytes. Default: 2 GiB. */
  readonly maxModelBytes?: number | undefined;
  /** Ends the audit with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How an audit goes; the last event is the report. */
export type AuditProgress =
  | AuditEvent
  | {
      /** The audit is done. */
      readonly kind: "finished";
      /** What the iterator also returns. */
      readonly report: AuditReport;
    };

/**
 * Derives every model of a federation again, from its contract and its objects. Yields its progress and, last, the report,
 * which it also returns. Without peers and stores only the contract's own history is checked: the verdict is then
 * `unavailable` as soon as there was a round, since nothing serves the objects.
 *
 * @example
 * for await (const event of auditFederation({ rpc, contract, stores, signal })) {
 *   if (event.kind === "finished") console.log(event.report.verdict);
 * }
 * @throws ADDRESS_MALFORMED, RPC_NO_ENDPOINT, RPC_UNAVAILABLE, RPC_UNREACHABLE, RPC_MALFORMED, LEDGER_CHAIN_MISMATCH,
 * LEDGER_CODE_MISSING, LEDGER_CODE_MISMATCH, ENDPOINTS_DISAGREE, STORE_MISSING, PEER_UNREACHABLE, MULTIADDR_MALFORMED, and
 * the reason of `signal`
 */
export async function* auditFederation(request: AuditRequest): AsyncGenerator<AuditProgress, AuditReport> {
  const { rpc, contract, fromBlock = 0, codeDigest, confirmations = 0, peers = [], stores = [] } = request;
  const { maxModelBytes = 2 ** 31, signal } = request;
  // Loaded here, so that a program that imports the library and makes no audit does not wait for ethers.
  const { openSources } = await import("./sources.ts");
  const { askChainId } = await import("../io/chain/chain-id.ts");
  const { recoverSigner } = await import("../io/chain/signatures.ts");
  const { auditFederation: audit } = await import("../protocol/audit/audit-federation.ts");
  const { parseAddress } = await import("../protocol/format/digest.ts");
  const endpoints = typeof rpc === "string" ? [rpc] : rpc;
  const [first] = endpoints;
  if (first === undefined) throw new FedError("RPC_NO_ENDPOINT");
  const chainId = request.chainId ?? (await askChainId(first, { signal }));
  const federation = { chainId, contract: parseAddress(contract) };
  const target = { federation, fromBlock, codeDigest, confirmations, endpoints, peers, stores };
  const sources = await openSources(target, signal);
  try {
    const report = yield* audit({ ...sources, signatures: { recover: recoverSigner } }, { maxModelBytes, signal });
    yield { kind: "finished", report };
    return report;
  } finally {
    await sources.close();
  }
}

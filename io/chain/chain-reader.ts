// Reads a federation's contract. One reader can serve all parties of a process, since the chain is the same for all.
import { keccak256 } from "ethers/crypto";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Log } from "../../protocol/ports.ts";
import { ChainHead } from "./chain-head.ts";
import { ChainView } from "./chain-view.ts";
import { isTrainingRoundsCode } from "./contract-code.ts";
import { Endpoints } from "./endpoints.ts";
import { FeeReader } from "./fees.ts";
import type { Rpc } from "./json-rpc.ts";
import type { OnRange } from "./log-reader.ts";
import { parseBytes } from "./rpc-values.ts";
import { decodeReturned, encodeCall } from "./training-rounds.ts";

export interface ChainReaderOptions {
  readonly federation: FederationId;
  /** Block of the contract's creation: events are read from here on. */
  readonly fromBlock: number;
  /** HTTP addresses of RPC endpoints of the chain, the preferred one first. */
  readonly endpoints: readonly string[];
  /** Keccak-256 of the contract's code, as the federation file has it; unchecked when left out. */
  readonly codeDigest?: string;
  /** Blocks on top of an event before it counts. Default 0: right for a chain of one's own, wrong for a public one (12 and more). */
  readonly confirmations?: number;
  /**
   * Continues where more than half of the answering endpoints agree, as a party wants; by default one endpoint that differs
   * stops the reading. Blocks that no more than half show are never read.
   */
  readonly takesMajority?: boolean;
  /** Called each time that endpoints begin to show different chains, so that reading waits for them to agree again. */
  readonly onApart?: (() => void) | undefined;
  /** How often to look for a new block, milliseconds. Default 500. */
  readonly pollMs?: number;
  /** For so long a newest block that was read is used again, milliseconds. Default an eighth of pollMs. */
  readonly freshMs?: number;
  /** For one answer of an endpoint, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** For how long all endpoints are asked again before an operation fails, milliseconds. Default 60,000. */
  readonly retryForMs?: number;
  /** Called for each range of blocks that was read. */
  readonly onRange?: OnRange | undefined;
  readonly log?: Log;
}

export interface ChainReader {
  readonly federation: FederationId;
  readonly confirmations: number;
  readonly pollMs: number;
  readonly endpoints: Endpoints;
  readonly head: ChainHead;
  readonly view: ChainView;
  readonly fees: FeeReader;
  /** Whether the contract is that of this program's source; if not, the federation file vouches for it alone. */
  readonly isKnownCode: boolean;
  /** Aborts when the reader is closed. */
  readonly signal: AbortSignal;
  close(): void;
}

export const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };

/** @throws LEDGER_CHAIN_MISMATCH, LEDGER_CODE_MISSING, LEDGER_CODE_MISMATCH, FEDERATION_ABI_MISMATCH, RPC_UNAVAILABLE, RPC_NO_ENDPOINT */
export async function openChainReader(options: ChainReaderOptions, waiting: Waiting = {}): Promise<ChainReader> {
  const { federation, fromBlock, confirmations = 0, pollMs = 500, takesMajority = false, log = silent } = options;
  const { timeoutMs = 10_000, retryForMs = 60_000, freshMs = pollMs / 8 } = options;
  const { chainId } = federation;
  const endpoints = new Endpoints({ urls: options.endpoints, chainId, timeoutMs, retryForMs, log });
  const isKnownCode = isTrainingRoundsCode(await requireContract(endpoints, options, waiting));
  if (!isKnownCode) {
    log.warn("contract-code-unknown", { contract: federation.contract });
    await requireInterface(endpoints, federation.contract, waiting);
  }
  const life = new AbortController();
  const head = new ChainHead({ freshMs });
  const { onRange, onApart } = options;
  const retryMs = pollMs / 2;
  const settings = { federation, fromBlock, confirmations, takesMajority, onApart, retryMs, onRange, log };
  const view = new ChainView(endpoints, head, settings);
  return {
    ...{ federation, confirmations, pollMs, endpoints, head, view, isKnownCode, fees: new FeeReader(endpoints) },
    signal: life.signal,
    close() {
      life.abort(new FedError("ABORTED", { what: "ledger closed" }));
    },
  };
}

/**
 * Contracts of version 0.1.0 emit other events, which would be read as none. They have no agreed plan.
 * @throws FEDERATION_ABI_MISMATCH
 */
async function requireInterface(endpoints: Endpoints, contract: string, waiting: Waiting): Promise<void> {
  const call = { to: contract, data: encodeCall("agreedPlan", []) };
  try {
    decodeReturned("agreedPlan", parseBytes(await endpoints.request("eth_call", [call, "latest"], waiting)));
  } catch (cause) {
    if (!isFedError(cause, "RPC_REFUSED", "RPC_MALFORMED")) throw cause;
    throw new FedError("FEDERATION_ABI_MISMATCH", { contract }, { cause });
  }
}

/** @returns the contract's code */
async function requireContract(
  endpoints: Endpoints,
  { federation: { chainId, contract }, codeDigest }: ChainReaderOptions,
  waiting: Waiting,
): Promise<string> {
  const codeBy = async (rpc: Rpc) => parseBytes(await rpc("eth_getCode", [contract, "latest"]));
  const code = await endpoints.run(codeBy, waiting);
  const remedy = "check that the federation file and the RPC endpoint belong to the same chain";
  if (code === "0x") throw new FedError("LEDGER_CODE_MISSING", { chainId, contract }, { remedy });
  const found = keccak256(code);
  if (codeDigest !== undefined && found !== codeDigest) {
    throw new FedError("LEDGER_CODE_MISMATCH", { contract, expected: codeDigest, found }, { remedy });
  }
  for (const other of await endpoints.askOthers(codeBy, waiting)) {
    // No code: an endpoint that does not have the block of the contract's creation yet.
    if (other.kind === "answered" && other.answer !== "0x" && other.answer !== code) {
      throw new FedError("ENDPOINTS_DISAGREE", { endpoint: other.name, about: "code" }, { remedy });
    }
  }
  return code;
}

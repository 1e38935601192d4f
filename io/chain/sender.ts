// Sends transactions so that each write happens once or not at all, whatever becomes of the RPC endpoint meanwhile:
// one at a time, rebroadcast until mined, with a better fee when stuck, watched through reorganisations.
import { Transaction, type Wallet } from "ethers";
import { FedError } from "../../foundation/errors.ts";
import { pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Endpoints } from "./endpoints.ts";
import { FeeReader, raised } from "./fees.ts";
import { RpcRefusal } from "./json-rpc.ts";
import { rethrowRevert } from "./reverts.ts";
import { parseBytes, parseHeader, parseQuantity, parseReceipt, type Receipt, toQuantity } from "./rpc-values.ts";

/** Broadcast again after this many polls without a receipt; with a better fee after so many of those. */
const pollsPerBroadcast = 10;
const broadcastsPerRaise = 3;
/** A hundredfold; a chain that asks for more is not to be served unasked. */
const mostRaises = 20;
/** State may have changed a little since the estimate. */
const gasMargin = { percent: 25, extra: 30_000 };
export interface SenderSettings {
  readonly federation: Pick<FederationId, "chainId">;
  readonly confirmations: number;
  readonly pollMs: number;
  /** Shared by the senders of a process; without one the sender reads its own. */
  readonly fees?: FeeReader;
  readonly log: Log;
}

/** What a transaction is to do; without `to` it creates a contract. */
export interface Deed {
  readonly to?: string;
  readonly data: string;
}

export class Sender {
  readonly #endpoints: Endpoints;
  readonly #wallet: Wallet;
  readonly #settings: SenderSettings;
  readonly #fees: FeeReader;
  /** Ends when the writes before have ended: one at a time means no nonce gaps. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(endpoints: Endpoints, wallet: Wallet, settings: SenderSettings) {
    this.#endpoints = endpoints;
    this.#wallet = wallet;
    this.#settings = settings;
    this.#fees = settings.fees ?? new FeeReader(endpoints);
  }

  /**
   * Resolves when the transaction is confirmed. Giving up by the signal leaves a broadcast transaction to its fate.
   * @throws FedError with the contract's reason, CHAIN_FUNDS, CHAIN_FEES, TRANSACTION_FAILED, RPC_UNAVAILABLE; the signal's reason
   */
  send(deed: Deed, waiting: Waiting = {}): Promise<Receipt> {
    const done = this.#queue.then(() => this.#untilDone(deed, waiting));
    this.#queue = done.catch(() => {});
    return done;
  }

  async #untilDone(deed: Deed, waiting: Waiting): Promise<Receipt> {
    for (;;) {
      waiting.signal?.throwIfAborted();
      const receipt = await this.#attempt(deed, waiting);
      if (receipt) return receipt;
      // Another transaction took the nonce (a second process with this key, or one from before a restart):
      // the estimate of the next attempt tells whether the deed is still to be done.
      this.#settings.log.warn("transaction-replaced");
    }
  }

  /** One nonce. Undefined when something else was mined under it. */
  async #attempt(deed: Deed, waiting: Waiting): Promise<Receipt | undefined> {
    const from = this.#wallet.address;
    const call = { from, ...deed };
    const estimate = await this.#endpoints
      .request("eth_estimateGas", [call], waiting)
      .then(parseQuantity, rethrowRevert);
    const nonce = parseQuantity(await this.#endpoints.request("eth_getTransactionCount", [from, "latest"], waiting));
    const gasLimit = Math.ceil((estimate * (100 + gasMargin.percent)) / 100) + gasMargin.extra;
    let fees = await this.#fees.current(waiting);
    const sent: string[] = [];
    const broadcast = async () => {
      const fields = { ...deed, nonce, gasLimit, chainId: this.#settings.federation.chainId, type: 2, ...fees };
      const transaction = Transaction.from(fields);
      transaction.signature = this.#wallet.signingKey.sign(transaction.unsignedHash);
      const outcome = await this.#broadcast(transaction.serialized, waiting);
      if (outcome !== "underpriced" && transaction.hash && !sent.includes(transaction.hash))
        sent.push(transaction.hash);
      return outcome;
    };

    for (let polls = 0; ; polls++) {
      if (polls % pollsPerBroadcast === 0) {
        if (polls > 0 && (polls / pollsPerBroadcast) % broadcastsPerRaise === 0) fees = raised(fees);
        for (let raises = 0; (await broadcast()) === "underpriced"; raises++) {
          if (raises === mostRaises) throw new FedError("CHAIN_FEES", { maxFeePerGas: fees.maxFeePerGas });
          fees = raised(fees);
        }
      }
      const receipt = await this.#receiptOf(sent, waiting);
      if (receipt && (await this.#isConfirmed(receipt, waiting))) {
        if (receipt.status === 1) return receipt;
        return this.#explainFailure(call, receipt, waiting);
      }
      if (!receipt) {
        const used = parseQuantity(await this.#endpoints.request("eth_getTransactionCount", [from, "latest"], waiting));
        // Asked again since it may have been mined between the two questions.
        if (used > nonce && !(await this.#receiptOf(sent, waiting))) return undefined;
      }
      await pause(this.#settings.pollMs, waiting);
    }
  }

  async #broadcast(raw: string, waiting: Waiting): Promise<"sent" | "underpriced"> {
    try {
      await this.#endpoints.request("eth_sendRawTransaction", [raw], waiting);
      return "sent";
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      const text = String(error.facts["text"]).toLowerCase();
      if (
        /already known|already imported|known transaction|nonce too low|nonce has already|already been used/.test(text)
      )
        return "sent";
      if (/underpriced|fee too low|less than block base fee|max fee per gas/.test(text)) return "underpriced";
      if (/insufficient funds|doesn't have enough funds|sender doesn't have/.test(text)) {
        throw new FedError(
          "CHAIN_FUNDS",
          { account: this.#wallet.address.toLowerCase() },
          { cause: error, remedy: "send this account some of the chain's coin for gas" },
        );
      }
      return rethrowRevert(error);
    }
  }

  async #receiptOf(hashes: readonly string[], waiting: Waiting): Promise<Receipt | undefined> {
    for (const hash of [...hashes].reverse()) {
      const receipt = parseReceipt(await this.#endpoints.request("eth_getTransactionReceipt", [hash], waiting));
      if (receipt) return receipt;
    }
    return undefined;
  }

  /** Whether its block is as deep as it must be, and still on the chain. */
  async #isConfirmed({ blockNumber, blockHash }: Receipt, waiting: Waiting): Promise<boolean> {
    // A receipt is of the chain that the endpoint holds for the right one now: without confirmations that is enough.
    if (this.#settings.confirmations === 0) return true;
    return this.#endpoints.run(async (rpc) => {
      const head = parseQuantity(await rpc("eth_blockNumber", []));
      if (head < blockNumber + this.#settings.confirmations) return false;
      return parseHeader(await rpc("eth_getBlockByNumber", [toQuantity(blockNumber), false]))?.hash === blockHash;
    }, waiting);
  }

  /** A mined failure tells no reason: the same call on the block before does. */
  async #explainFailure(call: object, { blockNumber, transactionHash }: Receipt, waiting: Waiting): Promise<never> {
    await this.#endpoints.request("eth_call", [call, toQuantity(blockNumber)], waiting).then(parseBytes, rethrowRevert);
    throw new FedError("TRANSACTION_FAILED", { transaction: transactionHash, block: blockNumber });
  }
}

// Sends transactions so that each write happens once or not at all, whatever the RPC endpoint does: one at a time,
// broadcast again until mined, with a better offer when stuck, watched through reorganisations.
import type { Wallet } from "ethers";
import { Transaction } from "ethers/transaction";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Endpoints } from "./endpoints.ts";
import { defaultMaxFeeGwei, FeeReader, type Fees, offer, raised } from "./fees.ts";
import { RpcRefusal } from "./json-rpc.ts";
import { rethrowRevert } from "./reverts.ts";
import { parseBytes, parseHeader, parseQuantity, parseReceipt, type Receipt, toQuantity } from "./rpc-values.ts";

/** Polls without a receipt before the transaction is broadcast again. */
const pollsPerBroadcast = 10;
/** Broadcasts before a better offer is made. */
const broadcastsPerRaise = 3;
/** State may have changed a little since the estimate. */
const gasMargin = { percent: 25, extra: 30_000 };
/** The most that a transaction may use since Osaka (EIP-7825); founding a federation takes 4.2 million. */
const largestGasLimit = 2 ** 24;
/** Polls between two attempts of an account without funds. */
const pollsPerFundsCheck = 20;

export interface SenderSettings {
  readonly federation: Pick<FederationId, "chainId">;
  readonly confirmations: number;
  readonly pollMs: number;
  /** Shared by the senders of a process; without one the sender reads its own. */
  readonly fees?: FeeReader;
  /** Most that is ever offered for a unit of gas, gwei. Default 200. */
  readonly maxFeeGwei?: number | undefined;
  /**
   * Called once when the account lacks funds; the sender then waits until it has some. Without it a write fails at once
   * with CHAIN_FUNDS.
   */
  readonly onUnfunded?: ((account: string) => void) | undefined;
  readonly log: Log;
}

/** A transaction that is to be sent; without `to` it creates a contract. */
export interface Write {
  readonly to?: string;
  readonly data: string;
}

export class Sender {
  readonly #endpoints: Endpoints;
  readonly #wallet: Wallet;
  readonly #settings: SenderSettings;
  readonly #fees: FeeReader;
  readonly #maxFeeGwei: number;
  /** Ends when the writes before have ended: one at a time means no nonce gaps. */
  #queue: Promise<unknown> = Promise.resolve();
  #isUnfunded = false;

  constructor(endpoints: Endpoints, wallet: Wallet, settings: SenderSettings) {
    this.#endpoints = endpoints;
    this.#wallet = wallet;
    this.#settings = settings;
    this.#fees = settings.fees ?? new FeeReader(endpoints);
    this.#maxFeeGwei = settings.maxFeeGwei ?? defaultMaxFeeGwei;
  }

  /**
   * Resolves when the transaction is confirmed. When the signal aborts, a transaction that was broadcast may still be mined.
   * @throws the contract's reason, CHAIN_FUNDS, CHAIN_FEES, TRANSACTION_FAILED, RPC_UNAVAILABLE; the signal's reason
   */
  send(write: Write, waiting: Waiting = {}): Promise<Receipt> {
    const done = this.#queue.then(() => this.#untilDone(write, waiting));
    this.#queue = done.catch(() => {});
    return done;
  }

  async #untilDone(write: Write, waiting: Waiting): Promise<Receipt> {
    for (;;) {
      waiting.signal?.throwIfAborted();
      try {
        const receipt = await this.#attempt(write, waiting);
        this.#isUnfunded = false;
        if (receipt) return receipt;
        // Another transaction took the nonce (a second process with this key, or one from before a restart):
        // the estimate of the next attempt shows whether the write is still to be done.
        this.#settings.log.warn("transaction-replaced");
      } catch (error) {
        const { onUnfunded, pollMs } = this.#settings;
        if (!isFedError(error, "CHAIN_FUNDS") || !onUnfunded) throw error;
        if (!this.#isUnfunded) onUnfunded(this.#account);
        this.#isUnfunded = true;
        await pause(pollMs * pollsPerFundsCheck, waiting);
      }
    }
  }

  get #account(): string {
    return this.#wallet.address.toLowerCase();
  }

  /** One nonce. Undefined when something else was mined under it. */
  async #attempt(write: Write, waiting: Waiting): Promise<Receipt | undefined> {
    const from = this.#wallet.address;
    const call = { from, ...write };
    const estimate = await this.#endpoints
      .request("eth_estimateGas", [call], waiting)
      .then(parseQuantity, (error) => this.#explain(error));
    const nonce = parseQuantity(await this.#endpoints.request("eth_getTransactionCount", [from, "latest"], waiting));
    const wanted = Math.ceil((estimate * (100 + gasMargin.percent)) / 100) + gasMargin.extra;
    const gasLimit = Math.min(wanted, largestGasLimit);
    let fees = offer(await this.#fees.current(waiting), this.#maxFeeGwei);
    const sent: string[] = [];
    const broadcast = async (): Promise<void> => {
      for (;;) {
        const transaction = this.#sign(write, { nonce, gasLimit, fees });
        if ((await this.#broadcast(transaction.serialized, waiting)) === "sent") {
          if (transaction.hash && !sent.includes(transaction.hash)) sent.push(transaction.hash);
          return;
        }
        const next = raised(fees, this.#maxFeeGwei);
        if (next) fees = next;
        else if (sent.length > 0)
          return; // the earlier offer stands
        else throw new FedError("CHAIN_FEES", { maxFeeGwei: this.#maxFeeGwei });
      }
    };

    for (let polls = 0; ; polls++) {
      if (polls % pollsPerBroadcast === 0) {
        const isStuck = polls > 0 && (polls / pollsPerBroadcast) % broadcastsPerRaise === 0;
        if (isStuck) fees = raised(fees, this.#maxFeeGwei) ?? fees;
        await broadcast();
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

  #sign(write: Write, terms: { readonly nonce: number; readonly gasLimit: number; readonly fees: Fees }): Transaction {
    const { nonce, gasLimit, fees } = terms;
    const { chainId } = this.#settings.federation;
    const transaction = Transaction.from({ ...write, nonce, gasLimit, chainId, type: 2, ...fees });
    transaction.signature = this.#wallet.signingKey.sign(transaction.unsignedHash);
    return transaction;
  }

  async #broadcast(raw: string, waiting: Waiting): Promise<"sent" | "underpriced"> {
    try {
      await this.#endpoints.request("eth_sendRawTransaction", [raw], waiting);
      return "sent";
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      const text = String(error.facts["text"]);
      if (
        /already known|already imported|known transaction|nonce too low|nonce has already|already been used/i.test(text)
      ) {
        return "sent";
      }
      if (/underpriced|fee too low|less than block base fee|max fee per gas/i.test(text)) return "underpriced";
      return this.#explain(error);
    }
  }

  /** Throws the reason of a refused estimate or transaction. */
  #explain(error: unknown): never {
    const isUnfunded =
      error instanceof RpcRefusal &&
      /insufficient funds|doesn't have enough funds|sender doesn't have/i.test(String(error.facts["text"]));
    if (!isUnfunded) return rethrowRevert(error);
    throw new FedError("CHAIN_FUNDS", { account: this.#account }, { cause: error });
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
    // A receipt is of the chain that the endpoint considers the right one now: without confirmations that is enough.
    if (this.#settings.confirmations === 0) return true;
    return this.#endpoints.run(async (rpc) => {
      const head = parseQuantity(await rpc("eth_blockNumber", []));
      if (head < blockNumber + this.#settings.confirmations) return false;
      return parseHeader(await rpc("eth_getBlockByNumber", [toQuantity(blockNumber), false]))?.hash === blockHash;
    }, waiting);
  }

  /** A mined failure has no reason in it: the same call at that block has. */
  async #explainFailure(call: object, { blockNumber, transactionHash }: Receipt, waiting: Waiting): Promise<never> {
    await this.#endpoints.request("eth_call", [call, toQuantity(blockNumber)], waiting).then(parseBytes, rethrowRevert);
    throw new FedError("TRANSACTION_FAILED", { transaction: transactionHash, block: blockNumber });
  }
}

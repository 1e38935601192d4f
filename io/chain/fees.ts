// What a transaction offers for its gas (EIP-1559): what the chain asks for at the moment, up to a maximum. The endpoint
// names the prices, so without a maximum it could make its users pay anything.
import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Endpoints } from "./endpoints.ts";
import { RpcRefusal } from "./json-rpc.ts";
import { parseAmount, parseHeader } from "./rpc-values.ts";

/** Wei per gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** What the chain asks for. Wei per gas. */
export interface FeeQuote {
  readonly baseFee: bigint;
  readonly tip: bigint;
}

/**
 * Gwei per gas. Ethereum's base fee was above 200 gwei on a few days in ten years; a commitment costs at most 0.01 of the
 * chain's coin at this price.
 */
export const defaultMaxFeeGwei = 200;
/** The tip is paid in full, whatever the base fee is: at most this part of the maximum. Polygon asks for 30 gwei. */
const tipDivisor = 4n;
/** Clients accept a replacement that offers 10 % more. */
const raisePercent = 25n;
/** Where the chain names no tip: 1 gwei. */
const usualTip = 1_000_000_000n;
/** A base fee changes by an eighth in each block at most, so that a quote of the last second is still good. */
const freshMs = 1000;

/** Asks the chain at most once a second, for all senders of the process that share it. */
export class FeeReader {
  readonly #endpoints: Endpoints;
  #known: { readonly quote: FeeQuote; readonly at: number } | undefined;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  /** @throws RPC_UNAVAILABLE; the signal's reason */
  async current(waiting: Waiting): Promise<FeeQuote> {
    if (this.#known && performance.now() - this.#known.at < freshMs) return this.#known.quote;
    const at = performance.now();
    const header = parseHeader(await this.#endpoints.request("eth_getBlockByNumber", ["latest", false], waiting));
    const tip = await this.#endpoints.request("eth_maxPriorityFeePerGas", [], waiting).then(parseAmount, (error) => {
      if (error instanceof RpcRefusal) return usualTip;
      throw error;
    });
    const quote = { baseFee: header?.baseFeePerGas ?? 0n, tip };
    this.#known = { quote, at };
    return quote;
  }
}

/**
 * An offer that holds for some blocks: twice the base fee and the tip, within the maximum.
 * @throws CHAIN_FEES when the base fee alone is above the maximum
 */
export function offer({ baseFee, tip }: FeeQuote, maxFeeGwei: number): Fees {
  const maximum = inWei(maxFeeGwei);
  if (baseFee > maximum) throw new FedError("CHAIN_FEES", { baseFee, maxFeeGwei });
  return within({ maxFeePerGas: 2n * baseFee + tip, maxPriorityFeePerGas: tip }, maxFeeGwei);
}

/** The offer that replaces a transaction that is stuck; undefined when the maximum is reached. */
export function raised(fees: Fees, maxFeeGwei: number): Fees | undefined {
  const raise = (fee: bigint) => fee + (fee * raisePercent) / 100n + 1n;
  const { maxFeePerGas, maxPriorityFeePerGas } = fees;
  const more = { maxFeePerGas: raise(maxFeePerGas), maxPriorityFeePerGas: raise(maxPriorityFeePerGas) };
  const next = within(more, maxFeeGwei);
  return next.maxFeePerGas > maxFeePerGas ? next : undefined;
}

function within({ maxFeePerGas, maxPriorityFeePerGas }: Fees, maxFeeGwei: number): Fees {
  const maximum = inWei(maxFeeGwei);
  return {
    maxFeePerGas: least(maxFeePerGas, maximum),
    maxPriorityFeePerGas: least(maxPriorityFeePerGas, maximum / tipDivisor),
  };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function inWei(gwei: number): bigint {
  return BigInt(Math.round(gwei * 1e9));
}

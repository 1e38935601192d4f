// What a transaction offers for its gas (EIP-1559), as the chain asks at the moment: twice the base fee, and a tip.
import type { Waiting } from "../../foundation/waiting.ts";
import type { Endpoints } from "./endpoints.ts";
import { RpcRefusal } from "./json-rpc.ts";
import { parseAmount, parseHeader } from "./rpc-values.ts";

/** Wei a gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** Clients take a replacement from 10 % more on. */
const raisePercent = 25n;
/** Where the chain has no opinion: 1 gwei. */
const usualTip = 1_000_000_000n;
/** A base fee moves by an eighth a block at most: twice of what it was a moment ago is enough. */
const freshMs = 1000;

/** Asks the chain at most once a moment, for all senders of the process that share it. */
export class FeeReader {
  readonly #endpoints: Endpoints;
  #known: { readonly fees: Fees; readonly at: number } | undefined;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  /** @throws as Endpoints.request */
  async current(waiting: Waiting): Promise<Fees> {
    if (this.#known && performance.now() - this.#known.at < freshMs) return this.#known.fees;
    const at = performance.now();
    const header = parseHeader(await this.#endpoints.request("eth_getBlockByNumber", ["latest", false], waiting));
    const tip = await this.#endpoints.request("eth_maxPriorityFeePerGas", [], waiting).then(parseAmount, (error) => {
      if (error instanceof RpcRefusal) return usualTip;
      throw error;
    });
    const fees = { maxFeePerGas: 2n * (header?.baseFeePerGas ?? 0n) + tip, maxPriorityFeePerGas: tip };
    this.#known = { fees, at };
    return fees;
  }
}

/** What replaces a transaction that is stuck. */
export function raised({ maxFeePerGas, maxPriorityFeePerGas }: Fees): Fees {
  const raise = (fee: bigint) => fee + (fee * raisePercent) / 100n + 1n;
  return { maxFeePerGas: raise(maxFeePerGas), maxPriorityFeePerGas: raise(maxPriorityFeePerGas) };
}

// Several RPC endpoints as one: the next one takes over when one is down, slow, over its limits or on another chain.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Log } from "../../protocol/ports.ts";
import { callRpc, endpointName, isPassing, type Rpc } from "./json-rpc.ts";
import { parseQuantity } from "./rpc-values.ts";

const firstDelayMs = 200;
const longestDelayMs = 5000;

export interface EndpointSettings {
  /** HTTP addresses, the preferred one first. */
  readonly urls: readonly string[];
  readonly chainId: number;
  /** For one answer. */
  readonly timeoutMs: number;
  /** How long all endpoints may fail before the caller is told. */
  readonly patienceMs: number;
  readonly log: Log;
}

export class Endpoints {
  readonly #settings: EndpointSettings;
  readonly #checked = new Set<string>();
  #current = 0;

  /** @throws FedError RPC_NO_ENDPOINT */
  constructor(settings: EndpointSettings) {
    if (settings.urls.length === 0) {
      throw new FedError("RPC_NO_ENDPOINT", {}, { remedy: "give the address of an RPC endpoint" });
    }
    this.#settings = settings;
  }

  /** How many endpoints there are besides the one that answers. */
  get others(): number {
    return this.#settings.urls.length - 1;
  }

  /**
   * Does work that must see one endpoint's chain throughout; again with the next one when the endpoint fails.
   * @throws FedError RPC_UNAVAILABLE when none works for `patienceMs`; what the work throws; the signal's reason
   */
  async run<T>(work: (rpc: Rpc) => Promise<T>, waiting: Waiting = {}): Promise<T> {
    const { urls, patienceMs, log } = this.#settings;
    const started = performance.now();
    for (let attempt = 1; ; attempt++) {
      const url = urls[this.#current % urls.length] as string;
      try {
        await this.#check(url, waiting);
        return await work(this.#rpc(url, waiting));
      } catch (error) {
        waiting.signal?.throwIfAborted();
        const elsewhere = isFedError(error, "LEDGER_CHAIN_MISMATCH") && urls.length > 1;
        if (!isPassing(error) && !elsewhere) throw error;
        log.warn("endpoint-failed", { endpoint: endpointName(url), code: isFedError(error) ? error.code : undefined });
        this.#current++;
        if (performance.now() - started > patienceMs) {
          throw new FedError(
            "RPC_UNAVAILABLE",
            { endpoints: urls.length, patienceMs },
            { cause: error, remedy: "check that the chain's RPC endpoint runs and can be reached" },
          );
        }
        // All have failed once: wait, a little longer each time round.
        if (attempt % urls.length === 0) {
          const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt / urls.length - 1));
          await pause(delay, waiting);
        }
      }
    }
  }

  /** One call, by whichever endpoint answers. */
  request(method: string, params: readonly unknown[], waiting: Waiting = {}): Promise<unknown> {
    return this.run((rpc) => rpc(method, params), waiting);
  }

  /** The same question to every endpoint but the one that answers `run` now; those that do not answer are left out. */
  async askOthers<T>(work: (rpc: Rpc) => Promise<T>, waiting: Waiting = {}): Promise<{ name: string; answer: T }[]> {
    const { urls } = this.#settings;
    const current = this.#current % urls.length;
    const answers = await Promise.all(
      urls.map(async (url, i) => {
        if (i === current) return undefined;
        try {
          await this.#check(url, waiting);
          return { name: endpointName(url), answer: await work(this.#rpc(url, waiting)) };
        } catch (error) {
          waiting.signal?.throwIfAborted();
          if (!isFedError(error)) throw error;
          this.#settings.log.debug("endpoint-silent", { endpoint: endpointName(url), code: error.code });
          return undefined;
        }
      }),
    );
    return answers.filter((answer) => answer !== undefined);
  }

  #rpc(url: string, waiting: Waiting): Rpc {
    const { timeoutMs } = this.#settings;
    return (method, params) => callRpc(url, method, params, { timeoutMs, ...waiting });
  }

  /** An endpoint of another chain would show another federation's truth. */
  async #check(url: string, waiting: Waiting): Promise<void> {
    if (this.#checked.has(url)) return;
    const { chainId } = this.#settings;
    const found = parseQuantity(await this.#rpc(url, waiting)("eth_chainId", []));
    if (found !== chainId) {
      throw new FedError(
        "LEDGER_CHAIN_MISMATCH",
        { endpoint: endpointName(url), expected: chainId, found },
        { remedy: "give the RPC endpoint of the chain that the federation file names" },
      );
    }
    this.#checked.add(url);
  }
}

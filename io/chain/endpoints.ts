// Several RPC endpoints as one: the next one takes over when one is down, slow, over its limits, on another chain, or does
// not serve a call.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { pause } from "../../foundation/pause.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Log } from "../../protocol/ports.ts";
import { callRpc, isPassing, type Rpc, RpcRefusal } from "./json-rpc.ts";
import { endpointName } from "./rpc-address.ts";
import { parseQuantity } from "./rpc-values.ts";

const firstDelayMs = 200;
const longestDelayMs = 5000;

export interface EndpointSettings {
  /** HTTP addresses, the preferred one first; user name and password in them are sent as basic authentication. */
  readonly urls: readonly string[];
  readonly chainId: number;
  /** For one answer. */
  readonly timeoutMs: number;
  /** For how long all endpoints are asked again before an operation fails. */
  readonly retryForMs: number;
  readonly log: Log;
}

/** What another endpoint said, or why it said nothing. */
export type OtherAnswer<T> =
  | { readonly name: string; readonly kind: "answered"; readonly answer: T }
  | { readonly name: string; readonly kind: "failed"; readonly error: FedError };

export class Endpoints {
  readonly #settings: EndpointSettings;
  readonly #checked = new Set<string>();
  #current = 0;

  /** @throws RPC_NO_ENDPOINT */
  constructor(settings: EndpointSettings) {
    if (settings.urls.length === 0) {
      throw new FedError("RPC_NO_ENDPOINT");
    }
    this.#settings = settings;
  }

  get count(): number {
    return this.#settings.urls.length;
  }

  /** Host and port of the endpoint that is asked first now. */
  get currentName(): string {
    return endpointName(this.#url);
  }

  /** Asks another endpoint first from now on. */
  passOver(): void {
    this.#current++;
  }

  /**
   * Does work that must see one endpoint's chain throughout. When the endpoint fails, the work is done again with the next
   * one. When all endpoints refuse a call, the first refusal is thrown.
   * @throws RPC_UNAVAILABLE when none works for `retryForMs`; what the work throws; the signal's reason
   */
  async run<T>(work: (rpc: Rpc) => Promise<T>, waiting: Waiting = {}): Promise<T> {
    const { urls, retryForMs, log } = this.#settings;
    const started = performance.now();
    const refused = new Map<string, unknown>();
    let retryAfterMs = 0;
    for (let attempt = 1; ; attempt++) {
      const url = this.#url;
      try {
        await this.#check(url, waiting);
        return await work(this.#rpc(url, waiting));
      } catch (error) {
        waiting.signal?.throwIfAborted();
        const isRefusal = error instanceof RpcRefusal && error.meaning !== "verdict";
        const isElsewhere = isRefusal || (isFedError(error, "LEDGER_CHAIN_MISMATCH") && urls.length > 1);
        if (!isPassing(error) && !isElsewhere) throw error;
        if (isRefusal && !refused.has(url)) refused.set(url, error);
        if (refused.size === urls.length) throw refused.values().next().value;
        const code = isFedError(error) ? error.code : undefined;
        log.warn("endpoint-failed", { endpoint: endpointName(url), code });
        this.passOver();
        if (performance.now() - started > retryForMs) {
          throw new FedError(
            "RPC_UNAVAILABLE",
            { endpoints: urls.length, retryForMs, lastCode: code },
            { cause: error },
          );
        }
        retryAfterMs = Math.max(retryAfterMs, Number((isFedError(error) && error.facts["retryAfterMs"]) || 0));
        // All have failed once: wait, a little longer each time.
        if (attempt % urls.length === 0) {
          const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt / urls.length - 1));
          const left = Math.max(0, retryForMs - (performance.now() - started));
          await pause(Math.max(delay, Math.min(retryAfterMs, left)), waiting);
          retryAfterMs = 0;
        }
      }
    }
  }

  /** One call, by the first endpoint that answers. */
  request(method: string, params: readonly unknown[], waiting: Waiting = {}): Promise<unknown> {
    return this.run((rpc) => rpc(method, params), waiting);
  }

  /** Does the same work with every endpoint but the one that `run` asks first now, and those that are left out. */
  async askOthers<T>(
    work: (rpc: Rpc, name: string) => Promise<T>,
    waiting: Waiting = {},
    isLeftOut: (name: string) => boolean = () => false,
  ): Promise<readonly OtherAnswer<T>[]> {
    const current = this.#url;
    return Promise.all(
      this.#settings.urls
        .filter((url) => url !== current && !isLeftOut(endpointName(url)))
        .map(async (url): Promise<OtherAnswer<T>> => {
          const name = endpointName(url);
          try {
            await this.#check(url, waiting);
            return { name, kind: "answered", answer: await work(this.#rpc(url, waiting), name) };
          } catch (error) {
            waiting.signal?.throwIfAborted();
            if (!isFedError(error)) throw error;
            return { name, kind: "failed", error };
          }
        }),
    );
  }

  get #url(): string {
    const { urls } = this.#settings;
    return urls[this.#current % urls.length]!;
  }

  #rpc(url: string, waiting: Waiting): Rpc {
    const { timeoutMs } = this.#settings;
    return (method, params) => callRpc(url, method, params, { timeoutMs, ...waiting });
  }

  /** An endpoint of another chain would show another federation. */
  async #check(url: string, waiting: Waiting): Promise<void> {
    if (this.#checked.has(url)) return;
    const { chainId } = this.#settings;
    const found = parseQuantity(await this.#rpc(url, waiting)("eth_chainId", []));
    if (found !== chainId) {
      throw new FedError("LEDGER_CHAIN_MISMATCH", { endpoint: endpointName(url), expected: chainId, found });
    }
    this.#checked.add(url);
  }
}

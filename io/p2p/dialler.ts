// Keeps the configured peers connected for as long as the node runs: dials, waits out the connection, dials again, each
// time a little later while it fails, never all at the same moment.
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Libp2p } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { FedError } from "../../foundation/errors.ts";
import { deriveSeed } from "../../foundation/random.ts";
import type { Log } from "../../protocol/ports.ts";

const firstDelayMs = 250;
const longestDelayMs = 30_000;
/** A connection that ends sooner was no success: the other side may not know us (yet). */
const stableMs = 3_000;
const dialTimeoutMs = 10_000;

export interface DiallerOptions {
  readonly peers: readonly string[];
  /** Of the jitter. */
  readonly seed: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Dialler {
  /** Dials again at once what is waiting: to be called when the members changed. */
  hurry(): void;
  /** Resolves when all loops have ended, after the signal. */
  ended(): Promise<void>;
}

/** @throws FedError MULTIADDR_MALFORMED */
export function keepDialled(network: Libp2p, { peers, seed, log, signal }: DiallerOptions): Dialler {
  let hurrying = new AbortController();
  const addresses = peers.map(parseMultiaddr);
  const loops = addresses.map((address) => keepOne(address));

  async function keepOne(address: Multiaddr): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const hurry = hurrying.signal;
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(dialTimeoutMs)]);
        const connection = await network.dial(address, { signal: limit });
        const opened = performance.now();
        await closed(connection, signal);
        failures = performance.now() - opened < stableMs ? failures + 1 : 0;
      } catch (error) {
        failures++;
        log.debug("dial-failed", { address: address.toString(), failures, reason: (error as Error).name });
      }
      if (hurry !== hurrying.signal) failures = 0;
      const longest = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures, 20));
      const jitter = deriveSeed(seed, "dial", address.toString(), failures) / 2 ** 32;
      const wait = AbortSignal.any([signal, hurrying.signal]);
      await delay(longest * (0.5 + jitter / 2), undefined, { signal: wait }).catch(() => {});
    }
  }

  return {
    hurry() {
      const previous = hurrying;
      hurrying = new AbortController();
      previous.abort();
    },
    async ended() {
      await Promise.all(loops);
    },
  };
}

/** @throws FedError MULTIADDR_MALFORMED */
export function parseMultiaddr(text: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch (cause) {
    throw new FedError(
      "MULTIADDR_MALFORMED",
      { address: text.slice(0, 100) },
      { cause, remedy: "write addresses as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW..., or /dns4/name/tcp/4001/p2p/..." },
    );
  }
}

function closed(connection: Connection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener("abort", end);
      resolve();
    };
    if (connection.status !== "open" || signal.aborted) return resolve();
    connection.addEventListener("close", end, { once: true });
    signal.addEventListener("abort", end, { once: true });
  });
}

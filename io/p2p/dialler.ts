// Keeps members connected for as long as the node runs. Configured addresses are dialled whenever they are not
// connected; members whose addresses were learnt from others are dialled until enough members are connected, and those that
// are connected through a relay only, by the addresses that need none. Each failure doubles the time to the next attempt;
// jitter keeps nodes from dialling all at once.
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Libp2p } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { joinSignals } from "../../foundation/joined-signal.ts";
import { deriveSeed } from "../../foundation/random.ts";
import type { Log } from "../../protocol/ports.ts";
import type { AddressBook } from "./address-book.ts";
import { closedByPeer, dialFailure } from "./dial-failure.ts";
import { isRelayed, parseMultiaddr } from "./multiaddrs.ts";

const firstDelayMs = 250;
const longestDelayMs = 30_000;
/** A connection that ends sooner was no success: the other side may not know this node (yet). */
const stableMs = 3_000;
const dialTimeoutMs = 10_000;
/** Parties that start together do not reach each other at first: that is no news. */
const startingMs = 5_000;
/** With so many members connected, learnt addresses are not dialled: every object has several ways to every member. */
const enoughMembers = 8;
/** Of two members that learn of each other, the one with the larger peer id lets the other dial first. */
const courtesyMs = 2_000;

export interface DiallerOptions {
  /** Configured multiaddrs. */
  readonly peers: readonly string[];
  readonly book: AddressBook;
  readonly isMember: (peerId: string) => boolean;
  /** Of the jitter. */
  readonly seed: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Dialler {
  /** Dials again at once what waits for its next attempt: to be called when members changed. */
  retryNow(): void;
  /** Looks again for members to dial: to be called when addresses were learnt. */
  meetLearnt(): void;
  /** Resolves when nothing is dialled any more, after the signal. */
  ended(): Promise<void>;
}

/** @throws MULTIADDR_MALFORMED, MULTIADDR_UNSUPPORTED */
export function keepDialled(network: Libp2p, options: DiallerOptions): Dialler {
  const { peers, book, isMember, seed, log, signal } = options;
  let retrying = new AbortController();
  let retryLearnt = () => {};
  const self = network.peerId.toString();
  const retryNow = () => {
    const previous = retrying;
    retrying = new AbortController();
    previous.abort();
  };
  /** Ends after the time, when the node stops, or when `retryNow` is called. */
  const pause = async (milliseconds: number, woken?: AbortSignal) => {
    const joined = joinSignals(signal, retrying.signal, woken);
    await delay(milliseconds, undefined, { signal: joined.signal }).catch(() => {});
    joined.release();
  };
  const backOff = (name: string, failures: number) => {
    const longest = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures, 20));
    return longest * (0.5 + deriveSeed(seed, "dial", name, failures) / 2 ** 33);
  };
  /** By peer. */
  const openConnections = (): ReadonlyMap<string, readonly Connection[]> => {
    const open = new Map<string, Connection[]>();
    for (const connection of network.getConnections()) {
      if (connection.status !== "open") continue;
      const peer = connection.remotePeer.toString();
      const others = open.get(peer);
      if (others) others.push(connection);
      else open.set(peer, [connection]);
    }
    return open;
  };
  /** Addresses that may give a connection, or a better one than there is. */
  const addressesToTry = (peer: string, open: readonly Connection[] = []): Multiaddr[] => {
    if (open.some(({ direct }) => direct)) return [];
    const addresses = [...book.addressesOf(peer)];
    return open.length === 0 ? addresses : addresses.filter((address) => !isRelayed(address));
  };
  /** Dials, and resolves when the connection has ended. @returns undefined, or why there was no lasting connection */
  const dialOnce = async (
    addresses: Multiaddr | Multiaddr[],
    { onOpen = () => {}, force = false }: { onOpen?: () => void; force?: boolean },
  ): Promise<string | undefined> => {
    try {
      const limit = joinSignals(signal, AbortSignal.timeout(dialTimeoutMs));
      const connection = await network.dial(addresses, { signal: limit.signal, force }).finally(limit.release);
      const opened = performance.now();
      const stable = setTimeout(onOpen, stableMs).unref();
      await closed(connection, signal);
      clearTimeout(stable);
      return performance.now() - opened < stableMs ? closedByPeer : undefined;
    } catch (error) {
      return dialFailure(error);
    }
  };

  /** A configured address: says at the level of warning why it is not reached, once for each reason, when that has lasted. */
  async function keepOne(address: Multiaddr): Promise<void> {
    let reported: string | undefined;
    let failingSince: number | undefined;
    const name = address.toString();
    const onOpen = () => {
      if (reported !== undefined) log.info("peer-reached", { address: name });
      reported = undefined;
    };
    for (let failures = 0; !signal.aborted; ) {
      const { signal: before } = retrying;
      const reason = await dialOnce(address, { onOpen });
      failures = reason === undefined || before !== retrying.signal ? 0 : failures + 1;
      const now = performance.now();
      failingSince = reason === undefined ? undefined : (failingSince ?? now);
      const isNews = reason !== reported && now - (failingSince ?? now) >= startingMs;
      if (reason !== undefined && isNews && !signal.aborted) {
        reported = reason;
        log.warn("peer-not-reached", { address: name, reason });
      }
      await pause(backOff(name, failures));
    }
  }

  /** Members whose addresses came from other members. */
  async function keepMeeting(): Promise<void> {
    const attempts = new Map<string, { failures: number; notBefore: number }>();
    const dialling = new Map<string, Promise<void>>();
    const attemptAt = async (peer: string, failures: number) => {
      const open = openConnections().get(peer);
      // By force where there is a connection through a relay, which libp2p would return.
      const reason = await dialOnce(addressesToTry(peer, open), { force: open !== undefined });
      if (reason !== undefined) log.debug("learnt-peer-not-reached", { peer, reason });
      const failed = reason === undefined ? 0 : failures + 1;
      attempts.set(peer, { failures: failed, notBefore: performance.now() + backOff(peer, failed) });
      dialling.delete(peer);
      retryLearnt();
    };
    const inOrder = createOrder(seed);
    network.addEventListener("connection:close", () => retryLearnt());
    network.addEventListener("connection:open", ({ detail }) => {
      if (!detail.direct) retryLearnt();
    });
    while (!signal.aborted) {
      const woken = new AbortController();
      retryLearnt = () => woken.abort();
      const now = performance.now();
      const connected = openConnections();
      let free = enoughMembers - new Set([...[...connected.keys()].filter(isMember), ...dialling.keys()]).size;
      let next = now + longestDelayMs;
      for (const peer of inOrder(book.peers())) {
        const open = connected.get(peer);
        if (peer === self || dialling.has(peer) || addressesToTry(peer, open).length === 0) continue;
        const isMet = open !== undefined;
        if (free <= 0 && !isMet) continue; // a closed connection wakes this loop
        const fresh = { failures: 0, notBefore: now + (self < peer ? 0 : courtesyMs) };
        const attempt = attempts.get(peer) ?? fresh;
        attempts.set(peer, attempt);
        if (attempt.notBefore <= now) {
          if (!isMet) free--;
          dialling.set(peer, attemptAt(peer, attempt.failures));
        } else next = Math.min(next, Math.max(now + firstDelayMs, attempt.notBefore));
      }
      for (const peer of attempts.keys()) if (!isMember(peer)) attempts.delete(peer);
      await pause(next - performance.now(), woken.signal);
    }
    await Promise.all(dialling.values());
  }

  const loops = [...peers.map((text) => keepOne(parseMultiaddr(text))), keepMeeting()];
  return {
    retryNow,
    meetLearnt: () => retryLearnt(),
    async ended() {
      await Promise.all(loops);
    },
  };
}

/** Sorts into an order of this node's own, so that not all members dial the same ones. */
function createOrder(seed: number): (peers: readonly string[]) => readonly string[] {
  let places = new Map<string, number>();
  return (peers) => {
    places = new Map(peers.map((peer) => [peer, places.get(peer) ?? deriveSeed(seed, "order", peer)]));
    return [...peers].sort((a, b) => places.get(a)! - places.get(b)!);
  };
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

// How many connections each peer may hold: members a few each, strangers a fixed number altogether, so that strangers
// never take a member's place. Where a quota is full, the connection that was used longest ago makes room.
import type { Connection, Libp2p } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import type { Log } from "../../protocol/ports.ts";
import { addressGroup, type KnownAddresses } from "./address-group.ts";

/** What a peer is to this node; undefined: it may not be connected. */
export type Standing = "member" | "stranger" | undefined;

/** Two dial each other at once, or a line broke and the old connection has not timed out yet. */
const perMember = 4;
const perStranger = 2;
const strangersPerAddress = 4;
const strangersTogether = 32;
/** A stranger that was answered so recently keeps its place. */
const inUseMs = 5_000;

export interface ConnectionQuotaOptions {
  readonly standing: (peerId: string) => Standing;
  /** Takes in the addresses of connected members. */
  readonly known: KnownAddresses;
  readonly log: Log;
}

export interface ConnectionQuota {
  /** The peer was answered over this connection. */
  used(connection: Connection): void;
  /** Closes the connections of peers that are not what they were when they connected; they may connect again. */
  review(): void;
}

/** Holds the quotas from now on. */
export function limitConnections(network: Libp2p, { standing, known, log }: ConnectionQuotaOptions): ConnectionQuota {
  const standings = new WeakMap<Connection, Standing>();
  const lastUse = new WeakMap<Connection, number>();

  const close = (connection: Connection, what: string) => {
    log.debug("connection-over-quota", { peer: connection.remotePeer.toString(), what });
    connection.abort(new FedError("PEER_OVER_QUOTA", { what }));
  };
  const useOf = (connection: Connection) => lastUse.get(connection) ?? 0;
  /** Closes the one used longest ago, or the newest where all are in use. */
  const holdStrangers = (among: readonly Connection[], limit: number, newest: Connection, what: string) => {
    if (among.length <= limit || newest.status !== "open") return;
    const idle = among.filter((each) => each !== newest && performance.now() - useOf(each) > inUseMs);
    const [longest] = idle.sort((a, b) => useOf(a) - useOf(b) || a.timeline.open - b.timeline.open);
    close(longest ?? newest, what);
  };
  const openOf = (kind: Standing) =>
    network.getConnections().filter((each) => each.status === "open" && standings.get(each) === kind);

  network.addEventListener("connection:open", ({ detail: connection }) => {
    const peer = connection.remotePeer.toString();
    const kind = standing(peer);
    standings.set(connection, kind);
    // This event may come before the connection is in the list of all.
    const withNew = (list: readonly Connection[]) => (list.includes(connection) ? list : [...list, connection]);
    const samePeer = (each: Connection) => each.remotePeer.equals(connection.remotePeer);
    if (kind === "member") {
      known.add(addressGroup(connection.remoteAddr));
      const own = withNew(openOf("member")).filter(samePeer);
      if (own.length > perMember)
        close(
          own.reduce((a, b) => (b.timeline.open < a.timeline.open ? b : a)),
          "member",
        );
      return;
    }
    const strangers = withNew(openOf("stranger"));
    const group = addressGroup(connection.remoteAddr);
    const sameAddress = strangers.filter(({ remoteAddr }) => addressGroup(remoteAddr) === group);
    holdStrangers(strangers.filter(samePeer), perStranger, connection, "stranger");
    holdStrangers(sameAddress, strangersPerAddress, connection, "address");
    holdStrangers(strangers, strangersTogether, connection, "strangers");
  });

  return {
    used: (connection) => void lastUse.set(connection, performance.now()),
    review() {
      for (const connection of network.getConnections()) {
        const peer = connection.remotePeer.toString();
        const kind = standing(peer);
        if (kind === standings.get(connection) && kind !== undefined) continue;
        log.info("peer-disconnected", { peer, reason: kind === undefined ? "not a member" : "membership changed" });
        connection.abort(new FedError("PEER_NOT_A_MEMBER"));
      }
    },
  };
}

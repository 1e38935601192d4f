// Limits inbound connections whose handshake is unfinished. libp2p refuses the newest connection at its limit, so that
// a few hundred silent sockets would keep members out; here the oldest connection of the busiest address is closed.
import type { MultiaddrConnection } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import { addressGroup, type KnownAddresses } from "./address-group.ts";

/** Each costs about 170 kB. */
const maxPending = 96;

export interface PendingHandshakes {
  /** Counts a new connection, and closes another one where there are too many. */
  add(connection: MultiaddrConnection): void;
  /** The handshake has succeeded. */
  finished(connection: MultiaddrConnection): void;
  count(): number;
}

/** @param known these are closed last */
export function limitPendingHandshakes(known: KnownAddresses, { limit = maxPending } = {}): PendingHandshakes {
  const groups = new Map<string, Set<MultiaddrConnection>>();
  let count = 0;

  const remove = (connection: MultiaddrConnection) => {
    const name = addressGroup(connection.remoteAddr);
    const group = groups.get(name);
    if (!group?.delete(connection)) return;
    count--;
    if (group.size === 0) groups.delete(name);
  };
  const busiest = (areKnown: boolean): Set<MultiaddrConnection> | undefined => {
    let most: Set<MultiaddrConnection> | undefined;
    for (const [name, group] of groups) {
      if (known.has(name) === areKnown && group.size > (most?.size ?? 0)) most = group;
    }
    return most;
  };
  const closeOne = () => {
    // Sets keep the order of insertion: the first is the oldest.
    const [oldest] = busiest(false) ?? busiest(true) ?? [];
    if (oldest === undefined) return;
    remove(oldest);
    oldest.abort(new FedError("PEER_OVER_QUOTA", { what: "handshakes" }));
  };

  return {
    add(connection) {
      const name = addressGroup(connection.remoteAddr);
      const group = groups.get(name) ?? new Set();
      groups.set(name, group.add(connection));
      count++;
      connection.addEventListener("close", () => remove(connection), { once: true });
      if (count > limit) closeOne();
    },
    finished: remove,
    count: () => count,
  };
}

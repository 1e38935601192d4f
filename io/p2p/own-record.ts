// This node's own signed peer record, and what another process with the same key shows itself by: a record of this
// peer id that this process did not sign, or this peer id at the other end of a connection.
import type { Ed25519PrivateKey, Libp2p } from "@libp2p/interface";
import type { Log } from "../../protocol/ports.ts";
import { type SignedAddresses, signAddresses } from "./peer-records.ts";

export interface OwnRecord {
  /** Signed anew when the addresses have changed. */
  current(): Promise<Uint8Array>;
  /** A record of this peer id came from another node. */
  returned(record: SignedAddresses): void;
  /** A peer with this peer id was at the other end of a connection. */
  met(address: string): void;
}

export function ownAddressRecord(network: Libp2p, key: Ed25519PrivateKey, log: Log): OwnRecord {
  let signed: { readonly text: string; readonly record: SignedAddresses } | undefined;
  const startedAt = BigInt(Date.now());
  let warned = false;
  const warn = (address: string) => {
    if (!warned) log.warn("peer-key-used-twice", { peer: network.peerId.toString(), address });
    warned = true;
  };
  return {
    async current() {
      const addresses = network.getMultiaddrs();
      const text = addresses.join(" ");
      if (signed?.text !== text) {
        signed = { text, record: await signAddresses(key, addresses, BigInt(Date.now())) };
      }
      return signed.record.bytes;
    },
    returned({ sequence, addresses, bytes }) {
      // Older ones are of an earlier run.
      if (sequence < startedAt || (signed !== undefined && Buffer.compare(signed.record.bytes, bytes) === 0)) return;
      const own = new Set(network.getMultiaddrs().map(String));
      const foreign = addresses.find((address) => !own.has(address.toString()));
      if (foreign !== undefined) warn(foreign.toString());
    },
    met: warn,
  };
}

// The members' network with all that networks do: messages late, lost and out of order, transfers that break off, and
// parts of it that cannot see each other.

import { FedError } from "../../foundation/errors.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { BlobExchange, Gossip } from "../../protocol/ports.ts";
import type { VirtualTime } from "../fakes/virtual-time.ts";
import type { Dice } from "./dice.ts";
import type { SimulatedStore } from "./simulated-disk.ts";

interface Peer {
  readonly address: HospitalAddress;
  readonly store: SimulatedStore;
  readonly listeners: Set<(announcement: Announcement) => void>;
}

/** Peers that are asked for an object before it counts as unavailable. */
const askedPeers = 3;

export class SimulatedNetwork {
  /** Share of messages and transfers that are lost. */
  loss = 0;
  /** Longest that a message or a transfer takes, milliseconds. */
  longestMs = 300;
  /** Parts that cannot see each other; those in none are in the same one. */
  readonly parts = new Map<HospitalAddress, number>();
  /** Whether one member serves another. */
  serves: (link: { from: HospitalAddress; to: HospitalAddress; digest: Digest }) => boolean = () => true;
  readonly #peers = new Set<Peer>();
  readonly #time: VirtualTime;
  readonly #dice: Dice;

  constructor(time: VirtualTime, dice: Dice) {
    this.#time = time;
    this.#dice = dice;
  }

  join(address: HospitalAddress, store: SimulatedStore): { exchange: BlobExchange; gossip: Gossip; leave: () => void } {
    const peer: Peer = { address, store, listeners: new Set() };
    this.#peers.add(peer);
    return {
      exchange: { fetch: (digest, options) => this.#fetch(peer, digest, options) },
      gossip: {
        publish: async (announcement) => this.#publish(peer, announcement),
        subscribe: (listener) => {
          peer.listeners.add(listener);
          return () => peer.listeners.delete(listener);
        },
      },
      leave: () => void this.#peers.delete(peer),
    };
  }

  #sees(one: Peer, other: Peer): boolean {
    const alive = this.#peers.has(one) && this.#peers.has(other);
    return alive && (this.parts.get(one.address) ?? 0) === (this.parts.get(other.address) ?? 0);
  }

  async #fetch(
    peer: Peer,
    digest: Digest,
    { maxBytes, preferred, signal }: Parameters<BlobExchange["fetch"]>[1],
  ): Promise<void> {
    const waiting = signal ? { signal } : {};
    if (peer.store.blobs.has(digest)) return;
    const others = this.#dice.shuffled([...this.#peers].filter((other) => other !== peer));
    others.sort((a, b) => Number(b.address === preferred) - Number(a.address === preferred));
    let asked = 0;
    for (const other of others) {
      const { address: from } = other;
      if (!this.#sees(peer, other) || !other.store.blobs.has(digest)) continue;
      if (!this.serves({ from, to: peer.address, digest }) || asked++ === askedPeers) continue;
      await this.#time.sleep(this.#dice.between(1, this.longestMs), waiting);
      const bytes = other.store.blobs.get(digest);
      if (!bytes || this.#dice.chance(this.loss) || !this.#sees(peer, other)) continue;
      if (bytes.byteLength > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest });
      await peer.store.put(bytes);
      return;
    }
    await this.#time.sleep(this.#dice.between(1, 500), waiting);
    throw new FedError("BLOB_UNAVAILABLE", { digest });
  }

  #publish(from: Peer, announcement: Announcement): void {
    for (const to of this.#peers) {
      if (to === from || this.#dice.chance(this.loss)) continue;
      this.#time.at(this.#time.now() + this.#dice.between(1, this.longestMs), () => {
        if (this.#sees(from, to)) for (const listener of to.listeners) listener(announcement);
      });
    }
  }
}

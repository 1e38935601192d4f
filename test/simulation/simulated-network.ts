// The members' network with faults: late, lost and reordered messages, broken transfers, and partitions.

import { FedError } from "../../foundation/errors.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { SignedWrite } from "../../protocol/format/signed-write.ts";
import type { BlobExchange, Gossip, SignedWrites } from "../../protocol/ports.ts";
import type { VirtualTime } from "../fakes/virtual-time.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedStore } from "./simulated-disk.ts";

interface Peer {
  readonly address: HospitalAddress;
  readonly store: SimulatedStore;
  readonly listeners: Set<(announcement: Announcement) => void>;
  readonly writeListeners: Set<(write: SignedWrite) => void>;
}

/** Peers to try before an object counts as unavailable. */
const askedPeers = 3;

export class SimulatedNetwork {
  /** Share of messages and transfers that are lost. */
  loss = 0;
  /** Longest time of a message or a transfer, virtual milliseconds. */
  longestDelayMs = 300;
  /** A member's partition; members of different partitions cannot reach each other. Default 0. */
  readonly partitions = new Map<HospitalAddress, number>();
  /** Whether one member serves another. */
  serves: (link: { from: HospitalAddress; to: HospitalAddress; digest: Digest }) => boolean = () => true;
  readonly #peers = new Set<Peer>();
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;

  constructor(time: VirtualTime, random: SeededRandom) {
    this.#time = time;
    this.#random = random;
  }

  join(
    address: HospitalAddress,
    store: SimulatedStore,
  ): { exchange: BlobExchange; gossip: Gossip; signedWrites: SignedWrites; leave: () => void } {
    const peer: Peer = { address, store, listeners: new Set(), writeListeners: new Set() };
    this.#peers.add(peer);
    return {
      exchange: { fetch: (digest, options) => this.#fetch(peer, digest, options) },
      gossip: {
        publish: async (announcement) => this.#publish(peer, (to) => call(to.listeners, announcement)),
        subscribe: (listener) => {
          peer.listeners.add(listener);
          return () => peer.listeners.delete(listener);
        },
      },
      signedWrites: {
        publish: async (write) => this.#publish(peer, (to) => call(to.writeListeners, write)),
        subscribe: (listener) => {
          peer.writeListeners.add(listener);
          return () => peer.writeListeners.delete(listener);
        },
      },
      leave: () => void this.#peers.delete(peer),
    };
  }

  #reaches(one: Peer, other: Peer): boolean {
    const alive = this.#peers.has(one) && this.#peers.has(other);
    return alive && (this.partitions.get(one.address) ?? 0) === (this.partitions.get(other.address) ?? 0);
  }

  async #fetch(
    peer: Peer,
    digest: Digest,
    { maxBytes, preferred, signal }: Parameters<BlobExchange["fetch"]>[1],
  ): Promise<void> {
    const waiting = signal ? { signal } : {};
    if (peer.store.blobs.has(digest)) return;
    const others = this.#random.shuffled([...this.#peers].filter((other) => other !== peer));
    others.sort((a, b) => Number(b.address === preferred) - Number(a.address === preferred));
    let asked = 0;
    for (const other of others) {
      const { address: from } = other;
      if (!this.#reaches(peer, other) || !other.store.blobs.has(digest)) continue;
      if (!this.serves({ from, to: peer.address, digest }) || asked++ === askedPeers) continue;
      await this.#time.sleep(this.#random.between(1, this.longestDelayMs), waiting);
      const bytes = other.store.blobs.get(digest);
      if (!bytes || this.#random.chance(this.loss) || !this.#reaches(peer, other)) continue;
      if (bytes.byteLength > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest });
      await peer.store.put(bytes);
      return;
    }
    await this.#time.sleep(this.#random.between(1, 500), waiting);
    throw new FedError("BLOB_UNAVAILABLE", { digest });
  }

  #publish(from: Peer, deliver: (to: Peer) => void): void {
    for (const to of this.#peers) {
      if (to === from || this.#random.chance(this.loss)) continue;
      this.#time.at(this.#time.now() + this.#random.between(1, this.longestDelayMs), () => {
        if (this.#reaches(from, to)) deliver(to);
      });
    }
  }
}

function call<Message>(listeners: ReadonlySet<(message: Message) => void>, message: Message): void {
  for (const listener of listeners) listener(message);
}

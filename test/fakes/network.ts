// The members' network in memory: stores that serve each other, and gossip that arrives at once.

import { FedError } from "../../foundation/errors.ts";
import type { Announcement } from "../../protocol/format/announcement.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import { type BlobOutline, blobDigest, outlineOf } from "../../protocol/format/merkle.ts";
import type { SignedWrite } from "../../protocol/format/signed-write.ts";
import type { BlobExchange, BlobStore, Gossip, SignedWrites } from "../../protocol/ports.ts";

export class FakeStore implements BlobStore {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly #outlines = new WeakMap<Uint8Array, BlobOutline>();

  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = blobDigest(bytes);
    this.blobs.set(digest, bytes.slice());
    return digest;
  }

  async has(digest: Digest): Promise<boolean> {
    return this.blobs.has(digest);
  }

  async outline(digest: Digest): Promise<BlobOutline> {
    const bytes = this.#bytes(digest);
    const known = this.#outlines.get(bytes) ?? outlineOf(bytes);
    this.#outlines.set(bytes, known);
    return known;
  }

  async read(digest: Digest, offset: number, length: number): Promise<Uint8Array> {
    return this.#bytes(digest).slice(offset, offset + length);
  }

  async get(digest: Digest, { maxBytes }: { maxBytes: number }): Promise<Uint8Array> {
    const bytes = this.#bytes(digest);
    if (bytes.byteLength > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest });
    return bytes.slice();
  }

  async remove(digest: Digest): Promise<void> {
    this.blobs.delete(digest);
  }

  writer(): never {
    throw new FedError("UNEXPECTED", { why: "not in the fake" });
  }

  #bytes(digest: Digest): Uint8Array {
    const bytes = this.blobs.get(digest);
    if (!bytes) throw new FedError("BLOB_UNKNOWN", { digest });
    return bytes;
  }
}

interface Peer {
  readonly address: HospitalAddress;
  readonly store: FakeStore;
  readonly listeners: Set<(announcement: Announcement) => void>;
  readonly writeListeners: Set<(write: SignedWrite) => void>;
}

export class FakeNetwork {
  readonly #peers: Peer[] = [];
  /** Called with every signed write that a peer publishes. */
  readonly writeListeners = new Set<(write: SignedWrite) => void>();
  /** Whether one member serves an object to another; tests replace it. */
  serves: (link: { from: HospitalAddress; to: HospitalAddress; digest: Digest }) => boolean = () => true;

  /** Connects a member; its store outlives the process. */
  join(
    address: HospitalAddress,
    store: FakeStore,
  ): { exchange: BlobExchange; gossip: Gossip; signedWrites: SignedWrites; leave: () => void } {
    const peer: Peer = { address, store, listeners: new Set(), writeListeners: new Set() };
    this.#peers.push(peer);
    return {
      exchange: {
        fetch: async (digest, { maxBytes, signal }) => {
          if (signal?.aborted) throw new FedError("ABORTED", {});
          if (store.blobs.has(digest)) return;
          const source = this.#peers.find(
            (other) =>
              other !== peer &&
              other.store.blobs.has(digest) &&
              this.serves({ from: other.address, to: address, digest }),
          );
          const bytes = source?.store.blobs.get(digest);
          if (!bytes) throw new FedError("BLOB_UNAVAILABLE", { digest });
          if (bytes.byteLength > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest });
          await store.put(bytes);
        },
      },
      gossip: {
        publish: async (announcement) => {
          for (const other of this.#peers) {
            if (other !== peer) for (const listener of other.listeners) listener(announcement);
          }
        },
        subscribe: (listener) => {
          peer.listeners.add(listener);
          return () => peer.listeners.delete(listener);
        },
      },
      signedWrites: {
        publish: async (write) => {
          for (const listener of this.writeListeners) listener(write);
          for (const other of this.#peers) {
            if (other !== peer) for (const listener of other.writeListeners) listener(write);
          }
        },
        subscribe: (listener) => {
          peer.writeListeners.add(listener);
          return () => peer.writeListeners.delete(listener);
        },
      },
      leave: () => void this.#peers.splice(this.#peers.indexOf(peer), 1),
    };
  }
}

// Objects that are on this machine already, in one store or in several: an audit without a network.
import type { Digest } from "../digest.ts";
import { FedError } from "../errors.ts";
import type { BlobExchange, BlobStore } from "../ports.ts";

/** Fetches nothing: what the store does not have cannot be had. */
export function localExchange(blobs: Pick<BlobStore, "has" | "outline">): BlobExchange {
  return {
    async fetch(digest, { maxBytes, signal }) {
      signal?.throwIfAborted();
      if (!(await blobs.has(digest))) throw new FedError("BLOB_UNAVAILABLE", { digest });
      const { size } = await blobs.outline(digest);
      if (size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes });
    },
  };
}

/** Several stores as one that only reads: each object from the first store that has it. */
export function jointStore(stores: readonly BlobStore[]): BlobStore {
  const holder = async (digest: Digest): Promise<BlobStore> => {
    for (const store of stores) if (await store.has(digest)) return store;
    throw new FedError("BLOB_UNKNOWN", { digest });
  };
  return {
    has: async (digest) => (await Promise.all(stores.map((store) => store.has(digest)))).includes(true),
    outline: async (digest) => (await holder(digest)).outline(digest),
    read: async (digest, offset, length) => (await holder(digest)).read(digest, offset, length),
    get: async (digest, limits) => (await holder(digest)).get(digest, limits),
    put: () => Promise.reject(new FedError("STORE_READ_ONLY")),
    writer: () => Promise.reject(new FedError("STORE_READ_ONLY")),
  };
}

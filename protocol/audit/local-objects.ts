// Objects in one or several folders of this machine, for an audit without a network.

import { FedError } from "../../foundation/errors.ts";
import type { Digest } from "../format/digest.ts";
import type { BlobExchange } from "../ports.ts";
import type { ObjectSource } from "./checked-blobs.ts";

/** Fetches nothing: an object that the source does not have is unavailable. Its `fetch` throws BLOB_UNAVAILABLE, BLOB_TOO_LARGE. */
export function localExchange(source: Pick<ObjectSource, "has" | "outline">): BlobExchange {
  return {
    async fetch(digest, { maxBytes, signal }) {
      signal?.throwIfAborted();
      if (!(await source.has(digest))) throw new FedError("BLOB_UNAVAILABLE", { digest });
      const { size } = await source.outline(digest);
      if (size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes });
    },
  };
}

/** Several sources as one: each object from the first that has it. Its methods throw BLOB_UNKNOWN where none has it. */
export function jointSource(sources: readonly ObjectSource[]): ObjectSource {
  const holder = async (digest: Digest): Promise<ObjectSource> => {
    for (const source of sources) if (await source.has(digest)) return source;
    throw new FedError("BLOB_UNKNOWN", { digest });
  };
  return {
    has: async (digest) => (await Promise.all(sources.map((source) => source.has(digest)))).includes(true),
    outline: async (digest) => (await holder(digest)).outline(digest),
    read: async (digest, offset, length) => (await holder(digest)).read(digest, offset, length),
  };
}

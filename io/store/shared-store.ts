// One store for all parties of a process: each object is on the disk once. An object that one party made is visible to the
// others only after one of them has fetched it over the network, so that objects travel as they do between machines.
import type { Digest } from "../../protocol/format/digest.ts";
import { type BlobOutline, outlineDigest, outlineOf } from "../../protocol/format/merkle.ts";
import type { BlobStore } from "../../protocol/ports.ts";
import type { OpenBlobStore } from "./blob-store.ts";

export interface SharedStore {
  /** The store as one more party sees it. */
  view(): BlobStore;
  close(): Promise<void>;
}

/** @param files the store; all parties see what it holds already. Closed with the shared store. */
export function shareStore(files: OpenBlobStore): SharedStore {
  /** Makers of the objects that nobody has fetched yet. */
  const makers = new Map<Digest, Set<BlobStore>>();
  /** Outlines of bytes that several parties put, such as a model that was computed once for all. */
  const outlines = new WeakMap<Uint8Array, BlobOutline>();
  const outlineOnce = (bytes: Uint8Array) => {
    const outline = outlines.get(bytes) ?? outlineOf(bytes);
    outlines.set(bytes, outline);
    return outline;
  };
  return {
    view() {
      const has = async (digest: Digest) => (makers.get(digest)?.has(view) ?? true) && (await files.has(digest));
      const view: BlobStore = {
        async put(bytes) {
          const outline = outlineOnce(bytes);
          const digest = outlineDigest(outline);
          const isHere = await files.has(digest);
          const others = makers.get(digest);
          if (!isHere) makers.set(digest, (others ?? new Set<BlobStore>()).add(view));
          else others?.add(view);
          if (!isHere) await files.put(bytes, outline);
          return digest;
        },
        has,
        async remove(digest) {
          if (await has(digest)) await files.remove(digest);
        },
        outline: (digest) => files.outline(digest),
        read: (digest, offset, length) => files.read(digest, offset, length),
        get: (digest, limits) => files.get(digest, limits),
        async writer(digest, outline) {
          const writer = await files.writer(digest, outline);
          return {
            ...writer,
            async finish() {
              await writer.finish();
              makers.delete(digest);
            },
          };
        },
      };
      return view;
    },
    close: () => files.close(),
  };
}

// One store for all parties of a process: each object is on the disk once. An object that one party made is visible to the
// others only after one of them has fetched it over the network, so that objects travel as they do between machines.
import type { Digest } from "../../protocol/format/digest.ts";
import { type BlobOutline, outlineDigest, outlineOf } from "../../protocol/format/merkle.ts";
import type { BlobStore } from "../../protocol/ports.ts";
import type { OpenBlobStore } from "./blob-store.ts";

/** Time for which the object that was read last stays in memory. */
const keptMs = 2_000;
/** A smaller one costs little to read again. */
const keptBytes = 2 ** 20;

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
  /** The object that was read last, for the parties that want it next: the model that all of them train. */
  let last: { readonly digest: Digest; readonly bytes: Promise<Uint8Array> } | undefined;
  let forgetting: NodeJS.Timeout | undefined;
  const readOnce: BlobStore["get"] = async (digest, { maxBytes }) => {
    const { size } = await files.outline(digest);
    if (size < keptBytes || size > maxBytes) return files.get(digest, { maxBytes });
    if (last?.digest !== digest) last = { digest, bytes: files.get(digest, { maxBytes }) };
    const { bytes } = last;
    bytes.catch(() => {
      if (last?.bytes === bytes) last = undefined;
    });
    clearTimeout(forgetting);
    forgetting = setTimeout(() => {
      last = undefined;
    }, keptMs).unref();
    // A copy for each, which a Buffer's slice would not be: they may move it to another thread.
    return Uint8Array.from(await bytes);
  };
  return {
    view() {
      const has = async (digest: Digest) => (makers.get(digest)?.has(view) ?? true) && (await files.has(digest));
      const view: BlobStore = {
        async put(bytes, known) {
          const outline = known ?? outlineOnce(bytes);
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
        get: readOnce,
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

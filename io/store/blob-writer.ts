// An object while it is fetched, chunk by chunk, over restarts. No list of finished chunks is kept: when the partial file
// is opened again it is hashed against the outline, so that a kill or a power cut costs at most some chunks.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { FedError } from "../../foundation/errors.ts";
import { type BlobOutline, chunkBytes, chunkCheck } from "../../protocol/format/merkle.ts";
import type { BlobWriter } from "../../protocol/ports.ts";
import { moveDurably, storageError } from "./durable-file.ts";

/** Bytes after which they are synced while more arrive. */
const earlySyncBytes = 16 * chunkBytes;

/** @throws OUTLINE_MALFORMED for an empty object whose root is not the empty one */
export async function openBlobWriter(options: {
  readonly outline: BlobOutline;
  /** File of the chunks until the object is complete. */
  readonly partial: string;
  readonly target: string;
  /** Called when the file has been moved to its place. */
  readonly onWhole: () => Promise<void>;
  readonly onClosed: () => void;
}): Promise<BlobWriter> {
  const { outline, partial, target, onWhole, onClosed } = options;
  const isChunk = chunkCheck(outline);
  if (outline.size === 0 && !isChunk(0, new Uint8Array(0))) throw new FedError("OUTLINE_MALFORMED", { size: 0 });
  const file = await open(partial, constants.O_RDWR | constants.O_CREAT, 0o644).catch((error: unknown) => {
    throw storageError(error);
  });
  const missing = new Set<number>();
  let unsynced = 0;
  let syncing: Promise<void> | undefined;
  let unsyncable: unknown;
  /** Syncs while more chunks arrive, so that little is left for the end, where its failure shows: the system reports it once. */
  const syncEarly = (bytes: number) => {
    unsynced += bytes;
    if (unsynced < earlySyncBytes || syncing !== undefined) return;
    unsynced = 0;
    syncing = file.datasync().then(
      () => {
        syncing = undefined;
      },
      (error: unknown) => {
        unsyncable = error;
      },
    );
  };
  let state: "open" | "closed" = "open";
  const close = async () => {
    if (state === "closed") return;
    state = "closed";
    await syncing;
    await file.close();
    onClosed();
  };

  try {
    const { size: kept } = await file.stat();
    if (kept > outline.size) await file.truncate(outline.size);
    const scratch = new Uint8Array(Math.min(kept, outline.size, chunkBytes));
    for (let index = 0; index * chunkBytes < outline.size; index++) {
      const length = chunkLength(outline, index);
      const written = index * chunkBytes + length <= kept;
      const { bytesRead } = written ? await file.read(scratch, 0, length, index * chunkBytes) : { bytesRead: 0 };
      if (bytesRead !== length || !isChunk(index, scratch.subarray(0, length))) missing.add(index);
    }
  } catch (error) {
    await close();
    throw error;
  }

  return {
    missing: () => [...missing].sort((a, b) => a - b),
    async write(index, chunk) {
      if (state === "closed") throw new FedError("WRITER_CLOSED");
      const corrupt = () => new FedError("CHUNK_CORRUPT", { index, bytes: chunk.byteLength });
      if (chunk.byteLength !== chunkLength(outline, index)) throw corrupt();
      // In this thread: one beside it costs a third more of the processor, and on two cores the transfer takes longer by it.
      if (!isChunk(index, chunk)) throw corrupt();
      if (!missing.has(index)) return;
      try {
        let written = 0;
        while (written < chunk.byteLength) {
          const at = index * chunkBytes + written;
          written += (await file.write(chunk, written, chunk.byteLength - written, at)).bytesWritten;
        }
      } catch (error) {
        throw storageError(error);
      }
      missing.delete(index);
      syncEarly(chunk.byteLength);
    },
    async finish() {
      if (state === "closed") throw new FedError("WRITER_CLOSED");
      if (missing.size > 0) throw new FedError("BLOB_INCOMPLETE", { missing: missing.size });
      try {
        await syncing;
        if (unsyncable !== undefined) throw unsyncable;
        await file.sync();
        await moveDurably(partial, target);
      } catch (error) {
        throw storageError(error);
      }
      await onWhole();
      await close();
    },
    close,
  };
}

/** Bytes of one chunk; 0 for an index that the object does not have. */
function chunkLength({ size }: BlobOutline, index: number): number {
  if (!Number.isInteger(index) || index < 0) return 0;
  return Math.max(0, Math.min(chunkBytes, size - index * chunkBytes));
}

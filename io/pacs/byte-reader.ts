// Reads a stream of chunks as lines, as counted bytes, or up to a delimiter, within limits.
import { FedError } from "../../foundation/errors.ts";
import { giveBack } from "../../foundation/give-back.ts";
import { copyBytes, maxSharedBytes, takeShared } from "../../foundation/shared-memory.ts";

export interface ByteReader {
  /** @throws PACS_TRUNCATED */
  exactly(bytes: number): Promise<Buffer>;
  /**
   * The same of content that the caller gives back (give-back.ts): in memory that threads share, unless it is very large.
   *
   * @throws PACS_TRUNCATED
   */
  content(bytes: number): Promise<Buffer>;
  /**
   * The bytes before the delimiter, which is passed over.
   *
   * @throws PACS_TRUNCATED, PACS_TOO_LARGE
   */
  until(delimiter: Buffer, maxBytes: number): Promise<Buffer>;
  /** What was read too far, to be read again. */
  putBack(bytes: Buffer): void;
  /** All that is left. @throws PACS_TOO_LARGE */
  rest(maxBytes: number): Promise<Buffer>;
}

const empty = Buffer.alloc(0);

export function readBytesOf(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const source = chunks[Symbol.asyncIterator]();
  let pending: Buffer = empty;

  async function next(): Promise<boolean> {
    const { done, value } = await source.next();
    if (done) return false;
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    return true;
  }

  function take(count: number): Buffer {
    const taken = pending.subarray(0, count);
    pending = pending.subarray(count);
    return taken;
  }

  async function exactly(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = bytes; missing > 0; ) {
      if (pending.length === 0 && !(await next())) throw truncated();
      const piece = take(missing);
      missing -= piece.length;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  return {
    exactly,
    async content(bytes) {
      // A length is only claimed: memory for a large one is allocated as it comes.
      if (bytes > maxSharedBytes) return exactly(bytes);
      const memory = takeShared(bytes);
      try {
        for (let filled = 0; filled < bytes; ) {
          if (pending.length === 0 && !(await next())) throw truncated();
          const piece = take(bytes - filled);
          copyBytes(memory.subarray(filled), piece);
          filled += piece.length;
        }
      } catch (error) {
        giveBack(memory);
        throw error;
      }
      return Buffer.from(memory.buffer, 0, bytes);
    },
    async until(delimiter, maxBytes) {
      const pieces: Buffer[] = [];
      let taken = 0;
      for (;;) {
        const at = pending.indexOf(delimiter);
        // Without the delimiter, all but its possible beginning is content.
        const piece = take(at >= 0 ? at : Math.max(0, pending.length - delimiter.length + 1));
        taken += piece.length;
        if (taken > maxBytes) throw tooLarge(maxBytes);
        pieces.push(piece);
        if (at >= 0) {
          take(delimiter.length);
          return Buffer.concat(pieces);
        }
        if (!(await next())) throw truncated();
      }
    },
    putBack(bytes) {
      pending = Buffer.concat([bytes, pending]);
    },
    async rest(maxBytes) {
      const pieces = [take(pending.length)];
      for (let taken = pieces[0]!.length; await next(); ) {
        taken += pending.length;
        if (taken > maxBytes) throw tooLarge(maxBytes);
        pieces.push(take(pending.length));
      }
      return Buffer.concat(pieces);
    },
  };
}

function truncated(): FedError {
  return new FedError("PACS_TRUNCATED");
}

function tooLarge(maxBytes: number): FedError {
  return new FedError("PACS_TOO_LARGE", { maxBytes });
}

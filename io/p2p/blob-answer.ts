// The answer to one request for a blob, read from the store piece by piece while its reader takes it: a reader that takes
// nothing then holds one piece of memory, and not a whole chunk.
import { isFedError } from "../../foundation/errors.ts";
import { type BlobOutline, chunkBytes } from "../../protocol/format/merkle.ts";
import { encodeOutline } from "../../protocol/format/outline.ts";
import type { BlobStore } from "../../protocol/ports.ts";
import { type BlobRequest, encodeResponseHeader, responseHeaderBytes } from "./blob-frames.ts";
import { sliceBytes } from "./whole-write.ts";

/**
 * The pieces of an answer. It is "unknown" for what is not here, or turns out damaged before the first piece: the store
 * then forgets it.
 * @throws BLOB_UNKNOWN, BLOB_CORRUPT where the object goes while it is sent
 */
export async function* answerTo(
  blobs: Pick<BlobStore, "outline" | "read">,
  request: BlobRequest,
): AsyncGenerator<Uint8Array, void> {
  const { digest } = request;
  let range: AnswerRange | undefined;
  let first: Uint8Array = new Uint8Array(0);
  try {
    range = rangeOf(await blobs.outline(digest), request);
    if (range) first = await blobs.read(digest, range.from, Math.min(firstBytes(range), range.to - range.from));
  } catch (error) {
    if (!isFedError(error, "BLOB_UNKNOWN", "BLOB_CORRUPT")) throw error;
    range = undefined;
  }
  if (!range) {
    yield encodeResponseHeader("unknown", 0);
    return;
  }
  const { opening, from, to } = range;
  const header = encodeResponseHeader("ok", opening.byteLength + to - from);
  yield Buffer.concat([header, opening, first]);
  for (let offset = from + first.byteLength; offset < to; offset += sliceBytes) {
    yield await blobs.read(digest, offset, Math.min(sliceBytes, to - offset));
  }
}

/** Of the object in the first piece, which begins with the answer's header and opening. */
function firstBytes({ opening }: AnswerRange): number {
  return Math.max(0, sliceBytes - responseHeaderBytes - opening.byteLength);
}

/** What an answer holds: bytes that come first, then those of the object from `from` up to `to`. */
interface AnswerRange {
  readonly opening: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Undefined where the object has no such chunk. */
function rangeOf(outline: BlobOutline, request: BlobRequest): AnswerRange | undefined {
  const { size } = outline;
  if (request.kind === "outline") {
    return { opening: encodeOutline(outline), from: 0, to: size <= chunkBytes ? size : 0 };
  }
  const from = request.index * chunkBytes;
  if (from >= Math.max(1, size)) return undefined;
  return { opening: new Uint8Array(0), from, to: Math.min(size, from + chunkBytes) };
}

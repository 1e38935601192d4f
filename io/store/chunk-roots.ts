// Roots of the chunks of large objects, made in a thread beside the main one: a root is two thousand short hashes, a quarter
// of all the work that the main thread has with a chunk that arrives. Where the thread has enough to do already, or is not
// there, the main thread hashes: nothing waits for the thread that could be done here.
import { moduleBeside } from "../../foundation/module-beside.ts";
import { openWorkerPool } from "../../foundation/worker-pool.ts";
import { chunkBytes, chunkRoot } from "../../protocol/format/merkle.ts";

/** Objects above this size start the thread, which takes a tenth of a second and some MiB. */
const minBytes = 16 * chunkBytes;
/** Chunks at the thread: as many as one fast peer may bring at once. */
const mostAtThread = 4;

/** One thread for the whole process, started at first need; it does not keep the process alive. */
const thread = openWorkerPool<Uint8Array, Uint8Array>({
  entry: moduleBeside("./chunk-roots-worker", import.meta.url),
  workers: 1,
  settings: undefined,
  keepsProcess: false,
  maxHeapMib: 32,
  errors: { died: "CHUNK_UNHASHED", timedOut: "CHUNK_UNHASHED", closed: "CHUNK_UNHASHED", notSent: "CHUNK_UNHASHED" },
});
let started: Promise<void> | undefined;
let isReady = false;
let atThread = 0;

/**
 * The root of a chunk, which nobody may change meanwhile.
 * @param objectBytes size of the object of which it is a part
 */
export async function chunkRootBeside(chunk: Uint8Array, objectBytes: number): Promise<Uint8Array> {
  if (objectBytes >= minBytes) void chunkThreadIsReady();
  if (!isReady || atThread >= mostAtThread || chunk.byteLength < chunkBytes) return chunkRoot(chunk);
  atThread++;
  // The bytes are still needed here. A copy takes a thirtieth of the root's time.
  const copy = Uint8Array.from(chunk);
  try {
    return await thread.run(copy, { transfer: [copy.buffer] });
  } catch {
    return chunkRoot(chunk); // a thread that died costs time, and not the object
  } finally {
    atThread--;
  }
}

/** Starts the thread, if it does not run yet; resolves also where it cannot run. */
export function chunkThreadIsReady(): Promise<void> {
  started ??= thread.run(new Uint8Array(0)).then(
    () => {
      isReady = true;
    },
    () => {}, // never: the main thread hashes
  );
  return started;
}

// Memory that threads share and that is used again: sending it copies nothing, and no page of it is cleared twice.

/** Larger pieces are rare, and allocated by themselves. */
export const maxSharedBytes = 2 ** 24;
/** Of pieces that wait to be used again. */
const mostIdleBytes = 2 ** 25;
/** Pieces of similar sizes are used for one another. */
const stepBytes = 2 ** 16;

/** What nobody gives back is garbage. */
const lent = new WeakSet<ArrayBufferLike>();
const idle = new Map<number, SharedArrayBuffer[]>();
let idleBytes = 0;

/** @returns so many bytes, at most maxSharedBytes, with any content; give-back.ts ends their use */
export function takeShared(bytes: number): Uint8Array<SharedArrayBuffer> {
  const size = Math.ceil(Math.max(bytes, 1) / stepBytes) * stepBytes;
  const known = idle.get(size)?.pop();
  if (known) idleBytes -= size;
  const buffer = known ?? new SharedArrayBuffer(size);
  lent.add(buffer);
  return new Uint8Array(buffer, 0, bytes);
}

/** Whether this thread lent the memory, which from now on may be lent again: another thread's stays its own. */
export function takeBackShared(buffer: ArrayBufferLike): boolean {
  if (!lent.delete(buffer)) return false;
  const size = buffer.byteLength;
  if (idleBytes + size > mostIdleBytes) return true;
  idleBytes += size;
  idle.set(size, [...(idle.get(size) ?? []), buffer as SharedArrayBuffer]);
  return true;
}

/**
 * Copies as `set` does, which moves shared memory byte by byte where the two are not aligned alike: twenty times slower.
 *
 * @param from not longer than `into`
 */
export function copyBytes(into: Uint8Array, from: Uint8Array): void {
  if (from.length === 0) return;
  Buffer.from(into.buffer, into.byteOffset, into.byteLength).fill(from, 0, from.length);
}

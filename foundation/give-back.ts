import { takeBackShared } from "./shared-memory.ts";

/**
 * Frees memory that is no longer used, at once: slices are outside the heap, and the garbage collector would let hundreds of
 * megabytes of them accumulate. Shared memory is used again.
 */
export function giveBack({ buffer }: { readonly buffer: ArrayBufferLike }): void {
  if (takeBackShared(buffer)) return;
  // Small buffers are parts of one large buffer that Node shares.
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength <= Buffer.poolSize) return;
  // ES2024: Node has it, the compiler's library of ES2023 does not.
  (buffer as ArrayBuffer & { transfer(bytes: number): ArrayBuffer }).transfer(0);
}

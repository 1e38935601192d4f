/**
 * Frees memory at once that nobody looks at any more: slices lie outside the heap, and the collector would let hundreds of
 * megabytes of them pile up.
 */
export function giveBack({ buffer }: { readonly buffer: ArrayBufferLike }): void {
  // Small buffers are parts of one that Node hands out piece by piece.
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength <= Buffer.poolSize) return;
  // ES2024, which Node has and the compiler's library of ES2023 does not.
  (buffer as ArrayBuffer & { transfer(bytes: number): ArrayBuffer }).transfer(0);
}

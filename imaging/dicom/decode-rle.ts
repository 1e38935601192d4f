// RLE of DICOM (PS3.5 annex G): a frame's bytes in planes, most significant first, each a PackBits run. Unlike a C++
// decoder these forty lines cannot read or write out of bounds.

/**
 * Unpacks one frame of one sample a pixel.
 *
 * @param bytesAllocated 1 or 2; words come out little endian
 * @returns undefined if the segments do not fill the frame exactly
 */
export function decodeRle(bytes: Buffer, pixels: number, bytesAllocated: number): Uint8Array | undefined {
  if (bytes.length < 64 || bytes.readUInt32LE(0) !== bytesAllocated) return undefined;
  const out = new Uint8Array(pixels * bytesAllocated);
  for (let plane = 0; plane < bytesAllocated; plane++) {
    const start = bytes.readUInt32LE(4 + 4 * plane);
    const end = plane + 1 < bytesAllocated ? bytes.readUInt32LE(8 + 4 * plane) : bytes.length;
    if (start < 64 || end > bytes.length || start >= end) return undefined;
    if (!unpackPlane(bytes.subarray(start, end), out, bytesAllocated - 1 - plane, bytesAllocated)) return undefined;
  }
  return out;
}

/** Writes every `step`-th byte from `first` on. @returns true if the last one is written */
function unpackPlane(packed: Uint8Array, out: Uint8Array, first: number, step: number): boolean {
  let to = first;
  for (let at = 0; at < packed.length && to < out.length; ) {
    const control = packed[at++]!;
    if (control === 128) continue;
    const isRun = control > 128;
    const count = isRun ? 257 - control : control + 1;
    const last = to + (count - 1) * step;
    if (last >= out.length || at + (isRun ? 1 : count) > packed.length) return false;
    if (isRun) {
      const value = packed[at++]!;
      for (; to <= last; to += step) out[to] = value;
    } else for (; to <= last; to += step) out[to] = packed[at++]!;
  }
  return to >= out.length;
}

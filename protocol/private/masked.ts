// The masked object: a safetensors file with one U16 tensor of residues for each of the ring's primes, named by the prime.
// Its header is a function of ring and number of coordinates alone, so there is nothing to say in it.
import { FedError } from "../../foundation/errors.ts";
import { encodeSafetensors, layoutSafetensors } from "../format/safetensors.ts";
import type { ByteSource } from "../update/byte-source.ts";
import { blocksOf, degree, type Ring } from "./ring.ts";

function tensorsOf(ring: Ring, blocks: number) {
  return ring.primes.map(({ value }) => ({ name: String(value), dtype: "U16" as const, shape: [blocks * degree] }));
}

/** @param residues by the ring's primes, a multiple of 2048 of each */
export function encodeMasked(residues: readonly Uint16Array[], ring: Ring): Uint8Array {
  const tensors = tensorsOf(ring, residues[0]!.length / degree);
  return encodeSafetensors(tensors.map((tensor, place) => ({ ...tensor, data: residues[place]! })));
}

/** The exact size of a masked object. */
export function maskedBytes(ring: Ring, coordinates: number): number {
  return layoutSafetensors(tensorsOf(ring, blocksOf(coordinates))).totalBytes;
}

/**
 * Reads a masked object from its start to its end, a prime after the other, in the ring's order.
 * @throws MASKED_MALFORMED for another size, another header, or a residue that is not below its prime; errors of the source
 */
export async function readMasked(
  source: ByteSource,
  { ring, coordinates }: { readonly ring: Ring; readonly coordinates: number },
  take: (place: number, start: number, residues: Uint16Array) => void,
): Promise<void> {
  const { header, entries, totalBytes } = layoutSafetensors(tensorsOf(ring, blocksOf(coordinates)));
  if (source.size !== totalBytes) {
    throw new FedError("MASKED_MALFORMED", { where: "size", bytes: source.size, expected: totalBytes });
  }
  const found = await source.read(0, header.byteLength);
  if (Buffer.compare(header, found) !== 0) throw new FedError("MASKED_MALFORMED", { where: "header" });
  const run = new Uint16Array(runLength);
  for (const [place, { value: prime }] of ring.primes.entries()) {
    const { offset, bytes } = entries.find(({ name }) => name === String(prime))!;
    for (let done = 0; done < bytes; done += run.byteLength) {
      const residues = run.subarray(0, Math.min(run.byteLength, bytes - done) / 2);
      const target = new Uint8Array(residues.buffer, 0, residues.byteLength);
      const read = await source.read(offset + done, target.byteLength, target);
      if (read !== target) target.set(read);
      let outside = 0;
      for (let i = 0; i < residues.length; i++) outside |= prime - 1 - residues[i]!;
      if (outside < 0) throw new FedError("MASKED_MALFORMED", { where: "residue", prime });
      take(place, done / 2, residues);
    }
  }
}

const runLength = 1 << 16;

/** @throws MASKED_MALFORMED; errors of the source */
export function checkMasked(
  source: ByteSource,
  shape: { readonly ring: Ring; readonly coordinates: number },
): Promise<void> {
  return readMasked(source, shape, () => {});
}

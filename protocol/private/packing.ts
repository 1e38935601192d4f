// A mask key as scalars: its residues, prime after prime, ten to a scalar in fields of 24 bits. 256 times the largest residue
// is below 2^24, so the fields of a sum of up to 256 keys are the sums of residues: nothing carries into the next field.
import { FedError } from "../../foundation/errors.ts";
import { degree, fieldBits, type Ring, residuesPerScalar } from "./ring.ts";

const fieldMask = (1n << BigInt(fieldBits)) - 1n;

/** @param slots of the mask key, by the ring's primes */
export function packKey(slots: readonly Int32Array[], ring: Ring): bigint[] {
  const residues = slots.flatMap((each) => Array.from(each));
  return Array.from({ length: ring.scalars }, (_, scalar) => {
    const fields = residues.slice(scalar * residuesPerScalar, (scalar + 1) * residuesPerScalar);
    return fields.reduceRight((packed, residue) => (packed << BigInt(fieldBits)) | BigInt(residue), 0n);
  });
}

/**
 * The sums of residues in the scalars of a sum of keys.
 * @param dealers keys in the sum
 * @throws KEY_FIELD_TOO_LARGE for a field that so many residues cannot add up to, or bits outside all fields: some key was
 * not made of residues
 */
export function unpackSum(scalars: readonly bigint[], ring: Ring, dealers: number): Int32Array[] {
  const sums = ring.primes.map(() => new Int32Array(degree));
  for (let scalar = 0; scalar < ring.scalars; scalar++) {
    let rest = scalars[scalar]!;
    for (let field = 0; field < residuesPerScalar; field++) {
      const index = scalar * residuesPerScalar + field;
      const prime = ring.primes[Math.floor(index / degree)]?.value;
      const sum = Number(rest & fieldMask);
      rest >>= BigInt(fieldBits);
      if (sum > dealers * ((prime ?? 1) - 1)) throw new FedError("KEY_FIELD_TOO_LARGE", { scalar, field, dealers });
      if (prime !== undefined) sums[Math.floor(index / degree)]![index % degree] = sum;
    }
    if (rest !== 0n) throw new FedError("KEY_FIELD_TOO_LARGE", { scalar, dealers });
  }
  return sums;
}

// What a holder has of a mask key: the values of secret polynomials at its number, one for each scalar, and one for the
// blinding, which is the last. Sums of shares, openings and keys have the same form.
import { FedError } from "../../foundation/errors.ts";
import { groupOrder, numberOf } from "./group.ts";
import type { Ring } from "./ring.ts";

/** Scalars below the group's order, the blinding last. */
export type Share = readonly bigint[];

const scalarBytes = 32;

export function shareBytes({ scalars }: Pick<Ring, "scalars">): number {
  return (scalars + 1) * scalarBytes;
}

/** 32 bytes a scalar, little-endian. */
export function encodeShare(share: Share): Uint8Array {
  const bytes = Buffer.alloc(share.length * scalarBytes);
  share.forEach((scalar, index) => {
    Buffer.from(scalar.toString(16).padStart(2 * scalarBytes, "0"), "hex")
      .reverse()
      .copy(bytes, index * scalarBytes);
  });
  return new Uint8Array(bytes);
}

/** @throws SHARE_MALFORMED for another size, or a scalar that is not below the group's order */
export function decodeShare(bytes: Uint8Array, ring: Pick<Ring, "scalars">): Share {
  if (bytes.byteLength !== shareBytes(ring)) throw new FedError("SHARE_MALFORMED", { bytes: bytes.byteLength });
  const share: bigint[] = [];
  for (let at = 0; at < bytes.byteLength; at += scalarBytes) {
    const scalar = numberOf(bytes.subarray(at, at + scalarBytes));
    if (scalar >= groupOrder) throw new FedError("SHARE_MALFORMED", { scalar: at / scalarBytes });
    share.push(scalar);
  }
  return share;
}

/** Shares at one place add up to a share of the sum. */
export function sumShares(shares: readonly Share[]): Share {
  return shares[0]!.map((_, index) => shares.reduce((sum, share) => sum + share[index]!, 0n) % groupOrder);
}

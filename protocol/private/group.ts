// The group of commitments: ristretto255 (RFC 9496), whose points are exactly a group of prime order, by @noble/curves.
// Commitments are Pedersen's: sum of scalar s times generator s, plus the blinding times a generator of its own. Nobody
// knows a relation between generators: each is derived from a hash of its name.

import { createHash } from "node:crypto";
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { FedError } from "../../foundation/errors.ts";
import { pointSums } from "./point-sums.ts";
import type { Ring } from "./ring.ts";

export type Point = InstanceType<typeof ristretto255.Point>;

export const groupOrder: bigint = ristretto255.Point.Fn.ORDER;
export const zeroPoint: Point = ristretto255.Point.ZERO;

/** RFC 9496, section 4.3.4: the element of the SHA-512 of the generator's name. */
function generator(name: string | number): Point {
  const hash = createHash("sha512").update(`consilium/private/1/generator/${name}`).digest();
  return ristretto255_hasher.deriveToCurve!(hash);
}

/** Makes commitments to so many scalars; tests of whole federations put in one that is faster and not binding. */
export const committers = new Map<number, (scalars: readonly bigint[]) => Point>();

/**
 * The commitment to scalars below the group's order. Its time depends on them (docs/protocol.md lists what does).
 * @param scalars as many as the ring's, and the blinding last
 */
export function commit(scalars: readonly bigint[], { scalars: count }: Pick<Ring, "scalars">): Point {
  let committer = committers.get(count);
  if (committer === undefined) {
    const points = [...Array.from({ length: count }, (_, index) => generator(index)), generator("blinding")];
    committer = pointSums(points);
    committers.set(count, committer);
  }
  return committer(scalars);
}

/** The value at `place` of the polynomial with these points as coefficients, the constant one first (Horner). */
export function evaluate(coefficients: readonly Point[], place: number): Point {
  let value = zeroPoint;
  for (const coefficient of coefficients.toReversed()) {
    value = (value.is0() ? value : value.multiplyUnsafe(BigInt(place))).add(coefficient);
  }
  return value;
}

/** A point of foreign bytes, in its one encoding. @throws DEAL_MALFORMED */
export function decodePoint(bytes: Uint8Array): Point {
  try {
    return ristretto255.Point.fromBytes(bytes);
  } catch (cause) {
    throw new FedError("DEAL_MALFORMED", { where: "commitments" }, { cause });
  }
}

/** A number of little-endian bytes. */
export function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex") || "0"}`);
}

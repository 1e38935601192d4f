// Verifiable sharing of a mask key (Pedersen 1991): each of its scalars is the constant term of a polynomial of degree
// threshold - 1, and so is a blinding. Holder j has the values at j; the commitments to the coefficients are public.
// Fewer than `threshold` shares say nothing about the key, whatever computer looks at them.
import { FedError } from "../../foundation/errors.ts";
import { contextText } from "./context.ts";
import { commit, evaluate, groupOrder, numberOf, type Point, zeroPoint } from "./group.ts";
import { KeyStream } from "./key-stream.ts";
import { type MaskSecrets, maskKey } from "./mask.ts";
import { packKey } from "./packing.ts";
import type { Ring } from "./ring.ts";
import type { Share } from "./share.ts";

/** Twice the order's bytes: reduced numbers of 512 bits are uniform but for 2^-250. */
const wideBytes = 64;

/** Coefficients modulo the group's order: by power, the constant ones first, and in each by scalar, the blinding last. */
export type Polynomials = readonly Share[];

/** The polynomials of a mask key: the same for the same secrets. @param threshold shares that give the key; at least 1 */
export function sharingPolynomials(secrets: MaskSecrets, threshold: number): Polynomials {
  const { ring, secret, context } = secrets;
  const coins = KeyStream.ofSecret(secret, contextText("sharing", context));
  const uniform = () => numberOf(coins.bytes(wideBytes)) % groupOrder;
  const coefficients: Share[] = [[...packKey(maskKey(secrets), ring), uniform()]];
  for (let power = 1; power < threshold; power++) {
    coefficients.push(Array.from({ length: ring.scalars + 1 }, uniform));
  }
  return coefficients;
}

/** The commitments to the coefficients, by power. */
export function commitmentsTo(polynomials: Polynomials, ring: Ring): Point[] {
  return polynomials.map((coefficients) => commit(coefficients, ring));
}

/** The share of a holder. Horner, reduced once at the end: the numbers grow by 8 bits a coefficient. */
export function shareAt(polynomials: Polynomials, holder: number): Share {
  const place = BigInt(holder);
  return polynomials[0]!.map((_, scalar) => {
    let value = 0n;
    for (let power = polynomials.length - 1; power >= 0; power--) value = value * place + polynomials[power]![scalar]!;
    return value % groupOrder;
  });
}

/** Whether a share, or a sum of shares, is the one that the commitments, or their sums, fix for this holder. */
export function isShareOf(share: Share, holder: number, commitments: readonly Point[], ring: Ring): boolean {
  return commit(share, ring).equals(evaluate(commitments, holder));
}

/** @throws SHARE_WRONG */
export function checkShare(share: Share, holder: number, commitments: readonly Point[], ring: Ring): void {
  if (!isShareOf(share, holder, commitments, ring)) throw new FedError("SHARE_WRONG", { holder });
}

/** A holder's share, and the commitments of its dealer. */
export interface DealtShare {
  readonly share: Share;
  readonly commitments: readonly Point[];
}

/**
 * Whether a holder's shares of several dealers are all right, at the cost of one: a random combination of them is compared with
 * that of their commitments. A wrong one passes with probability 2^-128.
 * @param secret 32 random bytes that no dealer knows
 */
export function areSharesOf(dealt: readonly DealtShare[], holder: number, ring: Ring, secret: Uint8Array): boolean {
  const coins = KeyStream.ofSecret(secret, "consilium/private/1/batch of shares");
  const factors = dealt.map(() => numberOf(coins.bytes(16)));
  const count = ring.scalars + 1;
  const combined = Array.from({ length: count }, (_, scalar) =>
    modulo(dealt.reduce((sum, { share }, place) => sum + factors[place]! * share[scalar]!, 0n)),
  );
  const points = dealt.map(({ commitments }, place) => {
    const point = evaluate(commitments, holder);
    return point.is0() || factors[place] === 0n ? zeroPoint : point.multiplyUnsafe(factors[place]!);
  });
  return commit(combined, ring).equals(points.reduce((sum, point) => sum.add(point), zeroPoint));
}

/** Commitments to the sum of the shared keys. */
export function sumCommitments(dealt: readonly (readonly Point[])[]): Point[] {
  return dealt[0]!.map((first, power) => dealt.slice(1).reduce((sum, each) => sum.add(each[power]!), first));
}

/** A share of the sum of keys, and its holder. */
export interface HeldShare {
  /** 1, 2, ... by member index among the round's hospitals. */
  readonly holder: number;
  readonly share: Share;
}

/**
 * The shared scalars, from any `threshold` checked shares: the same whichever they are (Lagrange's interpolation at 0).
 * @throws OPENINGS_TOO_FEW
 */
export function recoverShared(held: readonly HeldShare[], threshold: number): Share {
  const used = [...new Map(held.map((each) => [each.holder, each])).values()].slice(0, threshold);
  if (used.length < threshold) throw new FedError("OPENINGS_TOO_FEW", { openings: used.length, threshold });
  const weights = used.map(({ holder }) => {
    let [above, below] = [1n, 1n];
    for (const other of used) {
      if (other.holder === holder) continue;
      above = (above * BigInt(other.holder)) % groupOrder;
      below = modulo(below * BigInt(other.holder - holder));
    }
    return (above * inverse(below)) % groupOrder;
  });
  return used[0]!.share.map((_, scalar) =>
    modulo(used.reduce((sum, { share }, index) => sum + weights[index]! * share[scalar]!, 0n)),
  );
}

function modulo(value: bigint): bigint {
  const residue = value % groupOrder;
  return residue < 0n ? residue + groupOrder : residue;
}

/** By Fermat. */
function inverse(value: bigint): bigint {
  let result = 1n;
  for (let square = value, rest = groupOrder - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % groupOrder;
    square = (square * square) % groupOrder;
  }
  return result;
}

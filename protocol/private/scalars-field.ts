// Scalars in canonical JSON: 0x and 64 hex digits each, little-endian as in boxes, so that one reader serves all.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { mostBuckets } from "../format/privacy-spec.ts";
import type { Ring } from "./ring.ts";
import { rings } from "./ring.ts";
import { decodeShare, encodeShare, type Share, shareBytes } from "./share.ts";

/** Of the larger ring. */
export const maxScalarsText = 2 + 2 * shareBytes(rings.L24);

export const scalarsField = z
  .string()
  .max(maxScalarsText)
  .regex(/^0x[0-9a-f]+$/)
  .transform((text) => text as `0x${string}`);

/** Scalars of a share of every opened sum, one sum after the other. */
export const sumsField = z
  .string()
  .max(mostBuckets * maxScalarsText)
  .regex(/^0x[0-9a-f]+$/)
  .transform((text) => text as `0x${string}`);

export function scalarsText(share: Share): `0x${string}` {
  return `0x${Buffer.from(encodeShare(share)).toString("hex")}`;
}

/** @throws SHARE_MALFORMED */
export function shareOfText(text: string, ring: Pick<Ring, "scalars">): Share {
  return decodeShare(Uint8Array.from(Buffer.from(text.slice(2), "hex")), ring);
}

/** A share of every opened sum. @throws SHARE_MALFORMED for scalars of more or fewer sums */
export function sharesOfText(text: string, ring: Pick<Ring, "scalars">, sums: number): readonly Share[] {
  const bytes = Uint8Array.from(Buffer.from(text.slice(2), "hex"));
  const each = shareBytes(ring);
  if (bytes.byteLength !== sums * each) throw new FedError("SHARE_MALFORMED", { bytes: bytes.byteLength, sums });
  return Array.from({ length: sums }, (_, sum) => decodeShare(bytes.slice(sum * each, (sum + 1) * each), ring));
}

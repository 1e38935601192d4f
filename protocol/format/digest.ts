// Names: an object is named by the SHA-256 root of its bytes, a member by its chain address.
import { FedError } from "../../foundation/errors.ts";

/** A named property and not a unique symbol, which declarations cannot name. It exists in types only. */
type Branded<T, Name extends string> = T & {
  /** In types only, so that a digest, an address and a round cannot be confused: no value has it. */
  readonly __brand: Name;
};

/** SHA-256 Merkle digest of an object (protocol/format/merkle.ts): 0x and 64 lower-case hex digits, as a Solidity bytes32. */
export type Digest = Branded<`0x${string}`, "Digest">;
/** A member's chain address: 0x and 40 lower-case hex digits. */
export type HospitalAddress = Branded<`0x${string}`, "HospitalAddress">;
/** Rounds count from 1; 0 means "no round yet". */
export type RoundId = Branded<number, "RoundId">;

/** The value of the contract's digest fields that are not set. */
export const zeroDigest = `0x${"0".repeat(64)}` as Digest;

/** A digest of text from outside: 0x and 64 hex digits of either case. @throws DIGEST_MALFORMED */
export function parseDigest(text: unknown): Digest {
  if (typeof text === "string" && /^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Digest;
  throw new FedError("DIGEST_MALFORMED", { found: shown(text) });
}

/** An address of text from outside: 0x and 40 hex digits of either case, no checksum. @throws ADDRESS_MALFORMED */
export function parseAddress(text: unknown): HospitalAddress {
  if (typeof text === "string" && /^0x[0-9a-fA-F]{40}$/.test(text)) return text.toLowerCase() as HospitalAddress;
  throw new FedError("ADDRESS_MALFORMED", { found: shown(text) });
}

/** A round's number from outside. @throws ROUND_MALFORMED for anything but an integer of 0 to 2^32 - 1 */
export function parseRoundId(value: unknown): RoundId {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (Number.isInteger(number) && (number as number) >= 0 && (number as number) < 2 ** 32) return number as RoundId;
  throw new FedError("ROUND_MALFORMED", { found: shown(value) });
}

/** Only kind and length, since some foreign values cannot be converted to text: { toString: 1 }. */
function shown(value: unknown): string {
  if (typeof value === "string") return `text of ${value.length} characters`;
  return typeof value === "number" || typeof value === "bigint" ? String(value).slice(0, 20) : typeof value;
}

/** 32 bytes as a Digest. @throws DIGEST_MALFORMED */
export function digestFromBytes(bytes: Uint8Array): Digest {
  return parseDigest(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`);
}

/** A Digest as its 32 bytes. */
export function digestToBytes(digest: Digest): Uint8Array {
  return Uint8Array.from(Buffer.from(digest.slice(2), "hex"));
}

/**
 * The digest in the form of IPFS and others: CIDv1, base32, multihash sha2-256 over the root node of the object's tree.
 * The codec is from the private-use range, since the hashed bytes are the tree's root node and not the file itself.
 */
export function toCid(digest: Digest): string {
  const codec = [0x81, 0x80, 0xc0, 0x01]; // varint of 0x300001, multicodec private use area
  const bytes = Uint8Array.of(0x01, ...codec, 0x12, 0x20, ...digestToBytes(digest));
  return `b${base32(bytes)}`;
}

/** RFC 4648 base32, lower case, without padding. */
function base32(bytes: Uint8Array): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text;
}

// JSON that is hashed or signed has exactly one form: RFC 8785 (sorted keys, no spaces, ECMAScript numbers).
import canonicalize from "canonicalize";
import type { z } from "zod";
import { FedError } from "../../foundation/errors.ts";

/**
 * The canonical UTF-8 bytes of a JSON value.
 * @throws JSON_NOT_CANONICAL for undefined, numbers that are not finite, lone surrogates and cycles
 */
export function canonicalBytes(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new FedError("JSON_NOT_CANONICAL", {}, { cause });
  }
  if (text === undefined) throw new FedError("JSON_NOT_CANONICAL", {});
  return new TextEncoder().encode(text);
}

/** Objects that are canonical JSON, as their error codes begin. */
export type CanonicalObject =
  | "ANNOUNCEMENT"
  | "ANSWER"
  | "COMPLAINT"
  | "DEAL"
  | "MANIFEST"
  | "OPENING"
  | "PLAN"
  | "PREKEY"
  | "REFUSAL"
  | "SCORES"
  | "SIGNED_WRITE"
  | "SUM_KEY";

/** The deepest schema of ours has 4 levels. */
const deepest = 16;

/**
 * Parses foreign JSON bytes: of limited size and depth, of the schema, and in canonical form (else two files could mean
 * the same). Whatever the bytes are, the result is a value or one of these errors.
 * @throws `${what}_TOO_LARGE`, `${what}_MALFORMED`, `${what}_NOT_CANONICAL`
 */
export function parseCanonical<T extends z.ZodTypeAny>(
  bytes: Uint8Array,
  schema: T,
  { what, maxBytes }: { what: CanonicalObject; maxBytes: number },
): z.output<T> {
  if (bytes.byteLength > maxBytes) throw new FedError(`${what}_TOO_LARGE`, { bytes: bytes.byteLength, maxBytes });
  if (isDeeperThan(bytes, deepest)) throw new FedError(`${what}_MALFORMED`, { where: "depth" });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedError(`${what}_MALFORMED`, { where: "json" }, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") || "root";
    throw new FedError(`${what}_MALFORMED`, { where: where.slice(0, 100) }, { cause: parsed.error });
  }
  if (!isCanonical(value, bytes)) throw new FedError(`${what}_NOT_CANONICAL`, {});
  return parsed.data;
}

/** False also for what JSON.parse makes and canonical JSON cannot hold: an infinite 1e400, a lone surrogate "\ud800". */
function isCanonical(value: unknown, bytes: Uint8Array): boolean {
  try {
    return Buffer.compare(canonicalBytes(value), bytes) === 0;
  } catch {
    return false;
  }
}

/** Counts brackets outside strings: a parser's memory grows with depth far more than with bytes. */
function isDeeperThan(bytes: Uint8Array, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte === quote) inString = !inString;
    else if (inString) {
      if (byte === backslash) index++;
    } else if (byte === openBracket || byte === openBrace) {
      if (++depth > most) return true;
    } else if (byte === closeBracket || byte === closeBrace) depth--;
  }
  return false;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

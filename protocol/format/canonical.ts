// JSON that is hashed or signed has exactly one form: RFC 8785 (sorted keys, no spaces, ECMAScript numbers).
import canonicalize from "canonicalize";
import type { z } from "zod";
import { FedError } from "../../foundation/errors.ts";

/** The canonical UTF-8 bytes of a JSON value. */
export function canonicalBytes(value: unknown): Uint8Array {
  const text = canonicalize(value);
  if (text === undefined) throw new FedError("JSON_NOT_CANONICAL", {});
  return new TextEncoder().encode(text);
}

/** Objects that are canonical JSON, as their error codes begin. */
type CanonicalObject = "ANNOUNCEMENT" | "MANIFEST" | "PLAN" | "REFUSAL" | "SCORES";

/**
 * Parses foreign JSON bytes: of limited size, of the schema, and in canonical form (else two files could mean the same).
 * @throws FedError `${what}_TOO_LARGE`, `${what}_MALFORMED`, `${what}_NOT_CANONICAL`
 */
export function parseCanonical<T extends z.ZodTypeAny>(
  bytes: Uint8Array,
  schema: T,
  { what, maxBytes }: { what: CanonicalObject; maxBytes: number },
): z.output<T> {
  if (bytes.byteLength > maxBytes) throw new FedError(`${what}_TOO_LARGE`, { bytes: bytes.byteLength, maxBytes });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FedError(`${what}_MALFORMED`, { where: "json" }, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new FedError(
      `${what}_MALFORMED`,
      { where: parsed.error.issues[0]?.path.join(".") || "root" },
      { cause: parsed.error },
    );
  }
  if (Buffer.compare(canonicalBytes(value), bytes) !== 0) throw new FedError(`${what}_NOT_CANONICAL`, {});
  return parsed.data;
}

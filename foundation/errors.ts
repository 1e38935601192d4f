// The one error type of the project: a code that programs act on, facts that people read, and a remedy.
import type { ErrorKind } from "./errors/kinds.ts";
import { type ErrorCode, errorTable, isErrorCode } from "./errors/table.ts";

export type { ErrorKind } from "./errors/kinds.ts";
export type { ErrorCode } from "./errors/table.ts";

/** Facts of an error: small, printable, never a patient identifier, a key or a credential. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | bigint | undefined>>;

/**
 * An error with a code of the table (foundation/errors/table.ts), facts, and what the reader can do about it.
 * A stranger on the network gets the code only.
 *
 * @example throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes }, { remedy: "raise --max-blob-mib" })
 */
export class FedError<Code extends ErrorCode = ErrorCode> extends Error {
  /** What went wrong, for programs: it stays the same where wording changes. */
  readonly code: Code;
  /** Which object, member, field or limit it is about; also in `message`. */
  readonly facts: ErrorFacts;
  /** What the reader can do about it, in one line. */
  readonly remedy: string;

  /** @param options.remedy where it can be more specific than the table's */
  constructor(code: Code, facts: ErrorFacts = {}, options: { cause?: unknown; remedy?: string | undefined } = {}) {
    const listed = Object.entries(facts).map(([name, value]) => `${name}=${String(value)}`);
    super(listed.length > 0 ? `${code}: ${listed.join(" ")}` : code, { cause: options.cause });
    this.name = "FedError";
    this.code = code;
    this.facts = facts;
    this.remedy = options.remedy ?? errorTable[code].remedy;
  }

  /** The group of the code. */
  get kind(): ErrorKind {
    return errorTable[this.code].kind;
  }
}

/** True for a FedError, of one of the given codes if any are given. */
export function isFedError(error: unknown, ...codes: ErrorCode[]): error is FedError {
  return error instanceof FedError && (codes.length === 0 || codes.includes(error.code));
}

/** An error as another process or thread sent it. */
export interface SentError {
  readonly code: string;
  readonly facts: ErrorFacts;
  readonly remedy?: string | undefined;
}

/** The error that another process or thread sent; a code that is not in the table becomes UNEXPECTED. */
export function receivedError({ code, facts, remedy }: SentError, options: { cause?: unknown } = {}): FedError {
  if (isErrorCode(code)) return new FedError(code, facts, { ...options, remedy });
  return new FedError("UNEXPECTED", { ...facts, code }, options);
}
